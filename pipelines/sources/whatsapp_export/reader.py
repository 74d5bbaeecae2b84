"""Reads «Export chat» files of WhatsApp into the contract's tables, in two passes over the text.

How messages get their identity, what is merged and what cannot be told: README.md beside this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from pipelines.sources._common.exports import AuthorCount, ExportSummary, SourceFileError
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.whatsapp_export.chat import ChatReader
from pipelines.sources.whatsapp_export.dates import DateOrder
from pipelines.sources.whatsapp_export.files import find_chats, sniff
from pipelines.sources.whatsapp_export.people import chat_name_of_file
from pipelines.sources.whatsapp_export.rows import agent_table, contact_table
from pipelines.sources.whatsapp_export.survey import Survey, survey_chat

ASSUMED_UTC: Final = (
    "WhatsApp exports hold no time zone: times are read as UTC. Set time_zone for this source, "
    "e.g. Europe/Moscow, or response times in working hours will be wrong."
)


def looks_like_export(path: Path) -> bool:
    """Whether a file is a WhatsApp export: `.txt`, `.txt.gz`, or a `.zip` that holds one.

    A zip with the name of an export counts even if it cannot be opened, so that reading it says
    what is wrong.
    """
    if not path.is_file():
        return False
    try:
        return any(sniff(chat) for chat in find_chats(path))
    except SourceFileError:
        return path.suffix.lower() == ".zip" and chat_name_of_file(path.stem).certain


def read_export(
    path: Path,
    *,
    source_name: str,
    pseudonymizer: Pseudonymizer,
    summary: ExportSummary,
    time_zone: str | None = None,
    date_order: DateOrder | None = None,
    batch_rows: int = 20_000,
) -> Iterator[tuple[str, pa.Table]]:
    """Yield (entity, table) batches of `messages`, `agents`, `contacts` and `rejected_rows`.

    Args:
        path: `.txt`, `.txt.gz` or `.zip`.
        source_name: name of the configured source; part of every key.
        pseudonymizer: makes the pseudonyms and masks the texts.
        summary: filled while reading: counts, authors in clear, first and last message (UTC) and,
            in `notes`, the decision on the date order with its evidence and assumptions made.
        time_zone: IANA zone of the phone that exported; None reads the times as UTC and notes it.
        date_order: order of day, month and year where the file does not tell.
        batch_rows: rows per batch of messages.

    Raises:
        SourceFileError: no export, an unreadable, encrypted or absurdly large archive, dates of
            another calendar, or an order of day and month that nothing decides.
    """
    zone = _zone(path, time_zone, summary)
    chats = find_chats(path)
    known: list[bool] = []
    for file in chats:
        survey = survey_chat(file, date_order)
        _note(summary, survey)
        reader = ChatReader(
            file,
            survey,
            source_name=source_name,
            pseudonymizer=pseudonymizer,
            zone=zone,
            batch_rows=batch_rows,
        )
        for entity, table in reader.tables():
            if entity == "rejected_rows":
                summary.rejected += table.num_rows
            yield entity, table
        _count(summary, reader)
        known.append(survey.us_known)
        if reader.phones:
            yield "contacts", contact_table(source_name, reader.phones)
        us = reader.us()
        if us is not None:
            yield "agents", agent_table(source_name, *us)
    summary.us_known = bool(known) and all(known)


def _zone(path: Path, time_zone: str | None, summary: ExportSummary) -> ZoneInfo:
    if time_zone is None:
        if ASSUMED_UTC not in summary.notes:
            summary.notes.append(ASSUMED_UTC)
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SourceFileError(
            path,
            f"time_zone = {time_zone!r} is no time zone",
            "Set time_zone of this source to an IANA name, e.g. Europe/Moscow.",
        ) from error


def _note(summary: ExportSummary, survey: Survey) -> None:
    summary.notes.append(f"{survey.decision.note} Layout: {survey.layout.name}.")
    if survey.other_layouts:
        summary.notes.append(
            f"{survey.other_layouts} lines look like message headers of another phone; they are "
            "kept as text of the messages in which they stand."
        )


def _count(summary: ExportSummary, reader: ChatReader) -> None:
    summary.chats += 1
    for name, messages in reader.messages_by_author.items():
        author = summary.authors.setdefault((None, name), AuthorCount(None, name))
        author.messages += messages
        summary.messages += messages
    if reader.first_at is None or reader.last_at is None:
        return
    first = datetime.fromtimestamp(reader.first_at, UTC)
    last = datetime.fromtimestamp(reader.last_at, UTC)
    summary.first_at = min(summary.first_at or first, first)
    summary.last_at = max(summary.last_at or last, last)
