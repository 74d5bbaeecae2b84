"""Reads Telegram Desktop exports (`result.json`, also gzip) into tables of the raw contract.

Streamed: memory depends on the size of a batch, not of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import ijson
import pyarrow as pa

from pipelines.sources._common.contracts import ENTITIES, stable_hash
from pipelines.sources._common.exports import ExportSummary, SourceFileError
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.telegram_export.chats import Chat, open_chat
from pipelines.sources.telegram_export.document import (
    ChatPart,
    Contacts,
    Damage,
    ExportWalk,
    Owner,
    Piece,
)
from pipelines.sources.telegram_export.growing import GrowingDocument
from pipelines.sources.telegram_export.headers import Headers
from pipelines.sources.telegram_export.instants import NoInstantError
from pipelines.sources.telegram_export.people import AuthorBook, Staff, agent_row, contact_row
from pipelines.sources.telegram_export.rows import MessageRows, RejectedItemError
from pipelines.sources.telegram_export.settings import (
    ACCOUNT_CHAT_TYPES,
    AGAIN_REMEDY,
    BATCH_ROWS,
    CONTACTS_RESOURCE,
    DAMAGE_REMEDY,
    EXPORT_REMEDY,
    MESSAGES_KEY,
    NOT_AN_EXPORT,
    RESOURCE,
    SNIFF_BYTES,
)
from pipelines.sources.telegram_export.sniff import recognise
from pipelines.sources.telegram_export.stream import file_key, read_chunks

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def looks_like_export(path: Path) -> bool:
    """Tell from the first 64 KB whether a file (plain or gzip) is a Telegram Desktop JSON export.

    False for other JSON, for other formats and for what cannot be opened.
    """
    document = GrowingDocument()
    verdict, seen = None, 0
    # What was built before an error still tells: a cut export is an export.
    with suppress(ijson.JSONError, OSError):
        for chunk in read_chunks(path):
            document.feed(chunk)
            verdict, seen = recognise(document.root), seen + len(chunk)
            if verdict is not None or seen >= SNIFF_BYTES:
                break
    return recognise(document.root) is True


def read_export(
    path: Path,
    *,
    source_name: str,
    pseudonymizer: Pseudonymizer,
    summary: ExportSummary,
    time_zone: str | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[tuple[str, pa.Table]]:
    """Yield (entity, table) batches: `messages`, `agents`, `contacts`, `rejected_rows`.

    Tables have the contract's schemas and about `batch_rows` rows. `summary` is complete when the
    iterator ends; `skipped` counts the items of chats that are no customer chats (notes to oneself,
    channels, bots). `time_zone` (IANA) reads local dates of exports without `date_unixtime`.
    A damaged file gives what stands before the damage and a rejected row that names the place.

    Raises:
        SourceFileError: the file is no Telegram Desktop JSON export, or cannot be opened.
        ValueError: the time zone is unknown.
    """
    reader = _Reader(path, source_name, pseudonymizer, summary, _zone(source_name, time_zone))
    walk = ExportWalk(path)
    try:
        for piece in walk:
            reader.take(piece)
            if reader.waiting_rows >= batch_rows:
                yield from reader.flush()
    except OSError as error:
        raise SourceFileError(
            path, f"cannot be read: {error.strerror}", "Check the file"
        ) from error
    if not walk.recognised:
        raise SourceFileError(path, NOT_AN_EXPORT, EXPORT_REMEDY)
    yield from reader.flush()
    reader.note()


def _zone(source_name: str, time_zone: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(time_zone) if time_zone else None
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(
            f"source '{source_name}': time_zone '{time_zone}' is not an IANA time zone, "
            "e.g. Europe/Moscow"
        ) from error


class _Reader:
    """Turns pieces of one file into rows; holds the rows of the current batch."""

    def __init__(
        self,
        path: Path,
        source_name: str,
        pseudonymizer: Pseudonymizer,
        summary: ExportSummary,
        zone: ZoneInfo | None,
    ) -> None:
        self._path = path
        self._source_name = source_name
        self._pseudonymizer = pseudonymizer
        self._summary = summary
        self._authors = AuthorBook(pseudonymizer)
        self._messages = MessageRows(source_name, pseudonymizer, self._authors, zone)
        self._others: dict[str, list[dict[str, object]]] = {}
        self._staff = Staff()
        self._headers = Headers(path, source_name)
        self._chat: tuple[tuple[str, int], Chat] | None = None
        self._file_key: str | None = None
        self._one_sided_groups = 0

    @property
    def waiting_rows(self) -> int:
        return len(self._messages) + sum(map(len, self._others.values()))

    def take(self, piece: Piece) -> None:
        match piece:
            case ChatPart():
                self._take_chat(piece)
            case Contacts():
                for number, item in enumerate(piece.items, piece.first):
                    self._take_contact(number, item)
            case Owner():
                self._take_owner(piece.fields)
            case Damage():
                self._reject(
                    piece.reference, "the file is damaged or cut off from here on", DAMAGE_REMEDY
                )

    def flush(self) -> Iterator[tuple[str, pa.Table]]:
        self._authors.count_into(self._summary)
        if len(self._messages):
            table = self._messages.table()
            self._note_moments()
            yield "messages", table
        others, self._others = self._others, {}
        for entity, rows in others.items():
            yield entity, pa.Table.from_pylist(rows, schema=ENTITIES[entity])

    def _note_moments(self) -> None:
        if self._messages.first is None or self._messages.last is None:
            return
        first, last = (
            _EPOCH + timedelta(microseconds=moment)
            for moment in (self._messages.first, self._messages.last)
        )
        known = self._summary
        known.first_at = first if known.first_at is None else min(known.first_at, first)
        known.last_at = last if known.last_at is None else max(known.last_at, last)

    def note(self) -> None:
        """Tell what the file shows about how it was exported."""
        if self._one_sided_groups:
            self._summary.notes.append(
                f"{self._one_sided_groups} group(s) hold messages of one author only: the export "
                "was probably made with «Only my messages»; export again without that option"
            )

    def _take_owner(self, fields: dict[str, Any]) -> None:
        if (person := self._staff.own(fields)) is not None:
            self._messages.account_id = self._pseudonymizer.pseudonym("telegram_user", person[0])
            self._add_agent(*person)

    def _take_contact(self, number: int, item: Any) -> None:
        row = contact_row(self._source_name, self._pseudonymizer, item)
        if row is None:
            self._reject(
                f"contact {number}",
                "the entry has neither a user id nor a phone number",
                "nothing to do unless the person matters: then add the phone in Telegram",
                CONTACTS_RESOURCE,
            )
        else:
            self._add("contacts", row)

    def _take_chat(self, part: ChatPart) -> None:
        chat = self._current(part)
        if chat.skipped:
            self._summary.skipped += len(part.items)
        else:
            for position, item in enumerate(part.items, part.first):
                try:
                    self._messages.add(chat, position, item)
                except (NoInstantError, RejectedItemError) as error:
                    reference = f"{chat.label}, message {position}"
                    self._reject(reference, error.reason, error.remedy)
        if part.closed:
            self._close(part, chat)

    def _current(self, part: ChatPart) -> Chat:
        if self._chat is not None and self._chat[0] == part.key:
            return self._chat[1]
        if part.key[0] and self._staff.owner is None and (owner := self._headers.owner()):
            # Written after the chats: each row names the account all the same.
            self._take_owner(owner)
        fields = self._headers.of(part)
        thread = self._headers.thread(part)
        if self._staff.owner and fields.get("type") in ACCOUNT_CHAT_TYPES:
            # The same customer writes to two of our accounts in two chats, and these count their
            # messages each for themselves.
            thread = f"{self._staff.owner}|{thread}"
        chat = open_chat(part.label, fields, thread, self._pseudonymizer)
        self._chat = (part.key, chat)
        return chat

    def _close(self, part: ChatPart, chat: Chat) -> None:
        if not chat.skipped:
            self._summary.chats += 1
            for person in self._staff.of_chat(chat.chat_type, chat.chat_id, chat.authors):
                self._add_agent(*person)
            self._one_sided_groups += chat.is_group and len(chat.authors) == 1
            if MESSAGES_KEY in part.fields and not isinstance(part.fields[MESSAGES_KEY], list):
                self._reject(chat.label, "the chat's messages are not a list", AGAIN_REMEDY)
        self._chat = None

    def _add_agent(self, person: str, name: str | None) -> None:
        self._summary.us_known = True
        self._add("agents", agent_row(self._source_name, self._pseudonymizer, person, name))

    def _add(self, entity: str, row: dict[str, object]) -> None:
        self._others.setdefault(entity, []).append(row)

    def _reject(self, reference: str, reason: str, remedy: str, resource: str = RESOURCE) -> None:
        if self._file_key is None:
            self._file_key = file_key(self._path)
        self._summary.rejected += 1
        identity = (self._source_name, resource, self._file_key, reference, reason)
        self._add(
            "rejected_rows",
            {
                "row_key": stable_hash(identity),
                "source_name": self._source_name,
                "resource": resource,
                "file_key": self._file_key,
                "row_reference": reference,
                "reason": reason,
                "remedy": remedy,
            },
        )
