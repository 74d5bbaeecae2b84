"""Second pass: the messages of one chat, line by line, with their identity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as calendar_date
from typing import Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.whatsapp_export import settings
from pipelines.sources.whatsapp_export.clock import EPOCH_DAY, WallClock
from pipelines.sources.whatsapp_export.dates import real_date
from pipelines.sources.whatsapp_export.files import ChatFile, DamagedTailError
from pipelines.sources.whatsapp_export.headers import (
    compile_layout,
    date_numbers,
    seconds_of_day,
)
from pipelines.sources.whatsapp_export.identity import (
    InstantCounters,
    message_id,
    version_rank,
)
from pipelines.sources.whatsapp_export.lines import (
    EXPIRED,
    Content,
    classify,
    notice,
    notice_kind,
)
from pipelines.sources.whatsapp_export.people import (
    Split,
    canonical,
    clean_name,
    comparable,
    is_phone,
)
from pipelines.sources.whatsapp_export.rows import MessageBatch, RejectedRows
from pipelines.sources.whatsapp_export.survey import Instant, Survey

_DAY: Final = 86_400
_MICROSECONDS: Final = 1_000_000
_NOT_UTF8: Final = "it holds bytes that are no UTF-8"
_TOO_LONG: Final = "it is longer than any WhatsApp message"
_EXPORT_AGAIN: Final = "Export the chat again and load the new file: nothing is counted twice."


class _Message:
    """A message whose lines are still being read."""

    __slots__ = ("bad", "instant", "line", "parts", "rest", "size", "wall")

    def __init__(self, line: int, instant: Instant, wall: int | None, rest: str) -> None:
        self.line = line
        self.instant = instant
        self.wall = wall  # None: the header shows an impossible date or time
        self.rest = rest
        self.parts: list[str] = []
        self.size = 0
        self.bad = False

    def add(self, line: str, *, bad: bool) -> None:
        """Take a line of text; above the limit only its size is kept."""
        self.size += len(line) + 1
        self.bad |= bad
        if self.size <= settings.MAX_MESSAGE_CHARACTERS:
            self.parts.append(line)


@dataclass(slots=True)
class _Author:
    """One author as a file spells the name, cleaned and hidden once."""

    author_id: str
    name_id: str
    cleaned: str
    is_phone: bool
    messages: int = 0


class ChatReader:
    """Turns one surveyed chat into tables."""

    def __init__(
        self,
        file: ChatFile,
        survey: Survey,
        *,
        source_name: str,
        pseudonymizer: Pseudonymizer,
        zone: ZoneInfo,
        batch_rows: int,
    ) -> None:
        self._file = file
        self._survey = survey
        self._source_name = source_name
        self._pseudonymizer = pseudonymizer
        self._clock = WallClock(zone)
        self._batch_rows = batch_rows
        self._thread_id = pseudonymizer.pseudonym(
            "whatsapp_chat", canonical(clean_name(survey.chat.name))
        )
        self._chat_key = comparable(survey.chat.name)
        self._batch = MessageBatch(
            source_name=source_name,
            thread_id=self._thread_id,
            is_group=survey.is_group,
            pseudonymizer=pseudonymizer,
        )
        self._rejected = RejectedRows(
            source_name=source_name, resource="messages", file_key=survey.file_key
        )
        self.phones: dict[str, str] = {}
        self.first_at: int | None = None
        self.last_at: int | None = None
        self._authors: dict[str, _Author] = {}  # by the name as written
        self._ranks: dict[tuple[int | None, int], str] = {}
        self._days: dict[str, int | None] = {}
        self._seconds: dict[tuple[str, str], int | None] = {}
        self._counters = InstantCounters([(day - EPOCH_DAY) * _DAY for day in survey.floors])
        self._headers = 0
        self._preamble = 0

    def us(self) -> tuple[str, str | None] | None:
        """Our author's id and name (None for a bare number) where the chat tells who is us."""
        if self._survey.us is None:
            return None
        author = self._author(self._survey.us)
        return author.author_id, None if author.is_phone else author.cleaned

    @property
    def messages_by_author(self) -> dict[str, int]:
        """Messages that people wrote, by their cleaned name."""
        counts: dict[str, int] = {}
        for author in self._authors.values():
            if author.messages:
                counts[author.cleaned] = counts.get(author.cleaned, 0) + author.messages
        return counts

    def tables(self) -> Iterator[tuple[str, pa.Table]]:
        """Read the file; yields batches of `messages` and `rejected_rows`."""
        for _ in self._read():
            yield from self._flush()

    def _flush(self) -> Iterator[tuple[str, pa.Table]]:
        if len(self._batch):
            yield "messages", self._batch.table()
        if len(self._rejected):
            yield "rejected_rows", self._rejected.table()

    def _read(self) -> Iterator[None]:
        """Walk the lines; yields when as many rows wait as fill a batch, and at the end."""
        match = compile_layout(self._survey.layout).match
        waiting = 0
        current: _Message | None = None
        number = 0
        try:
            for raw in self._file.lines():
                number += 1
                bad = False
                try:
                    line = raw.decode()
                except UnicodeDecodeError:
                    line = raw.decode("utf-8", "replace")
                    bad = True
                line = line.rstrip("\r\n")
                found = match(line)
                started = None if found is None else self._start(number, found.groups(), current)
                if started is not None:
                    if current is not None:
                        self._finish(current)
                        waiting += 1
                        if waiting == self._batch_rows:
                            waiting = 0
                            yield
                    current = started
                    current.bad = bad
                elif current is not None:
                    current.add(line, bad=bad)
                elif line.strip():
                    self._reject_preamble(number)
        except DamagedTailError:
            # The last message may be cut in its middle: it counts as part of the damage.
            self._reject_tail(number + 1 if current is None else current.line)
            current = None
        if current is not None:
            self._finish(current)
        yield

    def _reject_tail(self, line: int) -> None:
        self._rejected.add(
            f"from line {line}",
            "the compressed file ends early; everything before this line is loaded",
            "Copy or export the file again and load it: nothing is counted twice.",
        )

    def _reject_preamble(self, number: int) -> None:
        self._preamble += 1
        if self._preamble <= settings.MAX_PREAMBLE_ROWS:
            self._rejected.add(
                f"line {number}", "it stands before the first message header", _EXPORT_AGAIN
            )
        elif self._preamble == settings.MAX_PREAMBLE_ROWS + 1:
            self._rejected.add(
                f"from line {number}",
                "more lines stand before the first message header",
                _EXPORT_AGAIN,
            )

    def _start(
        self, number: int, groups: tuple[str, ...], current: _Message | None
    ) -> _Message | None:
        """A new message, or None where the line looks like a header and is text."""
        date, before, time, after, rest = groups
        if self._headers % settings.BLOCK_HEADERS == 0:
            self._counters.forget(self._headers)
        self._headers += 1
        wall = self._wall(date, time, before or after)
        if (
            wall is not None
            and current is not None
            and current.wall is not None
            and wall < current.wall - _DAY
            and ": " in current.rest
            and ": " not in rest
            and not rest.endswith((":", ":."))
            and notice_kind(rest) is None
        ):
            # «01.06.2026, 12:00 - buy milk» in a message of a later day: a list, no notice.
            return None
        return _Message(number, (date, before, time, after), wall, rest)

    def _wall(self, date: str, time: str, meridiem: str) -> int | None:
        try:
            day = self._days[date]
        except KeyError:
            found: calendar_date | None = real_date(date_numbers(date), self._survey.decision.order)
            day = self._days[date] = None if found is None else found.toordinal() - EPOCH_DAY
        try:
            seconds = self._seconds[time, meridiem]
        except KeyError:
            seconds = self._seconds[time, meridiem] = seconds_of_day(time, meridiem)
        return None if day is None or seconds is None else day * _DAY + seconds

    def _author(self, raw: str) -> _Author:
        known = self._authors.get(raw)
        if known is None:
            cleaned = clean_name(raw)
            author_id = self._pseudonymizer.pseudonym("whatsapp_author", canonical(cleaned))
            name_id = self._pseudonymizer.pseudonym("name", cleaned)
            known = _Author(author_id, name_id, cleaned, is_phone(cleaned))
            self._authors[raw] = known
        return known

    def _finish(self, message: _Message) -> None:
        """Give a message its identity and append its row, or reject it."""
        if message.wall is None:
            self._rejected.add(
                f"line {message.line}",
                "its date or time does not exist in the order of this file's dates",
                "Check the line; if every date looks wrong, set date_order for this source.",
            )
            return
        sent_at = self._clock.utc(message.wall)
        split = self._survey.splitter.split(message.rest)
        prefix_id = None if split.prefix is None else self._author(split.prefix).author_id
        position, ordinal = self._counters.count(message.wall, prefix_id)
        if message.bad or message.size > settings.MAX_MESSAGE_CHARACTERS:
            # Rejected after it was counted: its neighbours keep their identity.
            self._rejected.add(
                f"line {message.line}", _NOT_UTF8 if message.bad else _TOO_LONG, _EXPORT_AGAIN
            )
            return
        identity = message_id(self._thread_id, message.wall, prefix_id, ordinal)
        sequence = sent_at * settings.SEQUENCE_STEP + position
        self._append(message, split, identity, sent_at, sequence)

    def _content(self, message: _Message, split: Split) -> Content:
        if split.expired:
            return EXPIRED
        text = split.text
        if message.parts:
            text = "\n".join((text, *message.parts))
        if split.author is None:
            return notice(notice_kind(text))
        content = classify(text)
        if text[:1] == "\u200e" and content.content_type == "text":
            # iOS writes notices with an author; people's texts begin with the mark only by chance.
            kind = notice_kind(text)
            if kind is not None or self._is_notice_author(split):
                return notice(kind)
        return content

    def _is_notice_author(self, split: Split) -> bool:
        if split.prefix in self._survey.notice_authors:
            return True
        return split.author is not None and comparable(split.author) == self._chat_key

    def _people(self, split: Split, content: Content, sent_at: int) -> tuple[str | None, ...]:
        """Author type, author id and name id of a line; counts its author."""
        notices = split.prefix in self._survey.notice_authors
        if split.author is None or (content.event_type == "service" and notices):
            return "system", None, None
        author = self._author(split.author)
        if author.is_phone and author.author_id not in self.phones:
            phone = self._pseudonymizer.pseudonym("phone", author.cleaned)
            self.phones[author.author_id] = phone
        if content.event_type == "message":
            author.messages += 1
            if self.first_at is None or self.last_at is None:
                self.first_at = self.last_at = sent_at
            elif sent_at > self.last_at:
                self.last_at = sent_at
            elif sent_at < self.first_at:
                self.first_at = sent_at
            return None, author.author_id, author.name_id
        return None if _is_call(content) else "system", author.author_id, author.name_id

    def _append(
        self, message: _Message, split: Split, identity: str, sent_at: int, sequence: int
    ) -> None:
        content = self._content(message, split)
        author_type, author_id, name_id = self._people(split, content, sent_at)
        text = content.text
        length = None if text is None else len(text)
        cut = self._survey.cut.get(message.instant)
        sent = sent_at * _MICROSECONDS
        # An export has no time of the edit; the own time lets this version win in staging. In a
        # cut instant the line may not be the one it seems to be: there the row key decides.
        edited = sent if (content.edited or content.deleted) and cut is None else None
        self._batch.extend(
            (
                self._rank(cut, content.detail),
                f"{self._source_name}|{identity}|{sent}|{edited}|{sequence}|{author_type}"
                f"|{content.event_type}|{author_id}|{name_id}|{content.content_type}|{length}"
                f"|{content.metadata}",
                identity, sequence, content.event_type, sent, edited, author_type,
                author_id, name_id, content.content_type, text, length, content.metadata,
            )
        )  # fmt: skip

    def _rank(self, cut: int | None, detail: int) -> str:
        known = self._ranks.get((cut, detail))
        if known is None:
            known = self._ranks[cut, detail] = version_rank(
                lines_of_cut_instant=cut, is_group=self._survey.is_group, detail=detail
            )
        return known


def _is_call(content: Content) -> bool:
    return content.metadata is not None and content.metadata.endswith('_call"}')
