"""First pass over a chat: everything that a line alone does not tell.

Layout and date order, authors and long names, group or personal chat, who is us, which instants the
file comes back to, and where it is damaged. Needs memory for the authors and one number per 4096
messages, not for the messages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipelines.sources._common.exports import SourceFileError
from pipelines.sources.whatsapp_export import phrases, settings
from pipelines.sources.whatsapp_export.dates import (
    DateDecision,
    DateEvidence,
    DateOrder,
    decide,
)
from pipelines.sources.whatsapp_export.files import (
    ChatFile,
    DamagedTailError,
    refuse_other_encodings,
)
from pipelines.sources.whatsapp_export.headers import (
    Layout,
    compile_layout,
    detect,
    may_be_header,
)
from pipelines.sources.whatsapp_export.lines import classify, is_placeholder, notice_kind
from pipelines.sources.whatsapp_export.people import (
    AuthorSplitter,
    ChatName,
    clean_name,
    comparable,
    has_open_quote,
)

# A header's date, time and half of the day, as written: the instant before it can be read.
Instant = tuple[str, ...]
# The first notices of a chat that begins in the file: nothing was cut off before them.
_BEGINNINGS = frozenset({"encryption", "group_created"})
# An author whose every message continues with the same «B: » is called «A: B».
_CONSISTENT_FROM = 10


@dataclass
class Survey:
    """What the second pass needs to know; texts of people stay in memory only."""

    layout: Layout
    decision: DateDecision
    file_key: str
    chat: ChatName
    splitter: AuthorSplitter
    # Authors that are no persons: iOS writes notices under the chat's name.
    notice_authors: frozenset[str]
    is_group: bool
    us: str | None
    us_known: bool
    # Instants that may have begun before the file does: how many lines of them the file has.
    cut: dict[Instant, int]
    # Per block of headers: the earliest day (ordinal) of this and all later blocks.
    floors: list[int]
    other_layouts: int = 0
    damaged_after: int | None = None


@dataclass
class _Author:
    total: int = 0
    notices: int = 0
    first_rest: str = ""
    # The only second name met so far; None before the first message, "" after a contradiction.
    second: str | None = None


@dataclass
class _Notes:
    authors: dict[str, _Author] = field(default_factory=dict)
    long_names: dict[str, set[str]] = field(default_factory=dict)
    group: bool = False
    begins: bool = False
    ios_chat: str | None = None
    headers: int = 0
    cut: dict[Instant, int] = field(default_factory=dict)
    authored: bool = False
    blocks: list[dict[DateOrder, int]] = field(default_factory=list)
    lines: int = 0
    undecodable: int = 0
    other_layouts: int = 0
    damaged_after: int | None = None


def survey_chat(file: ChatFile, given: DateOrder | None) -> Survey:
    """Read a chat once and say how to read it.

    Raises:
        SourceFileError: no header in the file, another encoding, no decision on the date order.
    """
    notes = _Notes()
    digest = hashlib.blake2b(digest_size=16)
    evidence = _walk(file, notes, digest)
    if evidence is None:
        reason = "it is empty" if not notes.lines else "no line starts like a WhatsApp message"
        raise SourceFileError(
            file.path,
            reason,
            "Export the chat on the phone itself: linked devices write empty files.",
        )
    if notes.undecodable * 2 > notes.lines:
        raise SourceFileError(
            file.path, "its text is not UTF-8", "Save it as UTF-8, or export the chat again."
        )
    decision = decide(evidence, given, file.path)
    chat = file.chat
    if not chat.certain and notes.ios_chat is not None:
        chat = ChatName(clean_name(notes.ios_chat), certain=True)
    return _conclude(notes, evidence, decision, chat, digest.hexdigest())


def _numbered(file: ChatFile, notes: _Notes) -> Iterator[bytes]:
    """Lines, counted; a damaged tail ends them."""
    try:
        for raw in file.lines():
            notes.lines += 1
            if notes.lines == 1:
                refuse_other_encodings(file.path, raw)
            yield raw
    except DamagedTailError:
        notes.damaged_after = notes.lines


def _walk(file: ChatFile, notes: _Notes, digest: hashlib.blake2b) -> DateEvidence | None:
    evidence: DateEvidence | None = None
    match = None
    chat_key = comparable(file.chat.name)
    previous_date = ""
    days: dict[DateOrder, int] = {}
    for raw in _numbered(file, notes):
        digest.update(raw)
        try:
            line = raw.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            notes.undecodable += 1
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if match is None:
            detected = detect(line)
            if detected is None:
                continue
            evidence = DateEvidence(detected[0])
            match = compile_layout(detected[0]).match
        found = match(line)
        if found is None:
            if may_be_header(line) and detect(line) is not None:
                notes.other_layouts += 1
            continue
        assert evidence is not None
        date, before, time, after, rest = found.groups()
        if date != previous_date:
            days = evidence.add(date, notes.lines)
            previous_date = date
            _lower_floor(notes, days)
        elif notes.headers % settings.BLOCK_HEADERS == 0:
            _lower_floor(notes, days)
        if before or after:
            evidence.add_meridiem(before or after)
        notes.headers += 1
        _take(notes, rest, (date, before, time, after), chat_key)
    return evidence


def _lower_floor(notes: _Notes, days: dict[DateOrder, int]) -> None:
    block = notes.headers // settings.BLOCK_HEADERS
    while len(notes.blocks) <= block:
        notes.blocks.append({})
    floor = notes.blocks[block]
    for order, day in days.items():
        floor[order] = min(floor.get(order, day), day)


def _take(notes: _Notes, rest: str, instant: Instant, chat_key: str) -> None:
    """Note what a header's rest says of the authors."""
    end = rest.find(": ")
    prefix = rest[:end] if end >= 0 else None
    if notes.headers == 1 or (prefix is not None and not notes.authored):
        notes.cut.setdefault(instant, 0)
    if instant in notes.cut:
        notes.cut[instant] += 1
    if prefix is None:
        if not rest.endswith((":", ":.")):
            _take_notice(notes, rest)
        return
    notes.authored = True
    author = notes.authors.get(prefix)
    if author is None:
        author = notes.authors[prefix] = _Author(first_rest=rest)
    author.total += 1
    if rest.startswith("\u200e", end + 2):
        text = rest[end + 2 :]
        content = classify(text)
        if content.event_type == "message" and content.content_type == "text":
            author.notices += 1
            if notice_kind(text) is not None:
                _take_notice(notes, text)
                if notes.headers == 1 and notes.begins:
                    notes.ios_chat = prefix
    _take_long_name(notes, author, rest, end, chat_key)


def _take_notice(notes: _Notes, text: str) -> None:
    kind = notice_kind(text)
    notes.group = notes.group or kind in phrases.GROUP_NOTICES
    if notes.headers == 1:
        notes.begins = kind in _BEGINNINGS


def _take_long_name(notes: _Notes, author: _Author, rest: str, end: int, chat_key: str) -> None:
    second_end = rest.find(": ", end + 2)
    if second_end < 0:
        author.second = ""
        return
    name = rest[:second_end]
    if len(name) > 100:
        author.second = ""
        return
    if author.second is None:
        author.second = name
    elif author.second != name:
        author.second = ""
    # Nobody types «B: <Media omitted>», and a chat's name is a name.
    if is_placeholder(rest[second_end + 2 :]) or comparable(name) == chat_key:
        notes.long_names.setdefault(rest[:end], set()).add(name)


def _conclude(
    notes: _Notes,
    evidence: DateEvidence,
    decision: DateDecision,
    chat: ChatName,
    file_key: str,
) -> Survey:
    for prefix, author in notes.authors.items():
        if author.second and author.total >= _CONSISTENT_FROM:
            notes.long_names.setdefault(prefix, set()).add(author.second)
    notice_prefixes = frozenset(
        prefix
        for prefix, author in notes.authors.items()
        if has_open_quote(prefix) and notice_kind(author.first_rest) is not None
    )
    notice_authors = frozenset(
        prefix for prefix, author in notes.authors.items() if author.notices == author.total
    )
    splitter = AuthorSplitter(
        authors=frozenset(notes.authors),
        long_names={
            prefix: tuple(sorted(names, key=len, reverse=True))
            for prefix, names in notes.long_names.items()
        },
        notice_prefixes=notice_prefixes,
    )
    group = notes.group or any(
        notice_kind(notes.authors[prefix].first_rest) in phrases.GROUP_NOTICES
        for prefix in notice_prefixes
    )
    persons = _persons(notes, notice_prefixes | notice_authors)
    is_group = group or len(persons) > 2
    noticed = {clean_name(prefix) for prefix in notice_authors}
    us, us_known = (None, False) if is_group else _who_is_us(persons, noticed, chat)
    return Survey(
        layout=evidence.layout,
        decision=decision,
        file_key=file_key,
        chat=chat,
        splitter=splitter,
        notice_authors=notice_authors,
        is_group=is_group,
        us=us,
        us_known=us_known,
        cut={} if notes.begins else notes.cut,
        floors=_suffix_minima(notes.blocks, decision.order),
        other_layouts=notes.other_layouts,
        damaged_after=notes.damaged_after,
    )


def _persons(notes: _Notes, excluded: frozenset[str]) -> set[str]:
    """One cleaned name per person who wrote; a long name stands for its first part."""
    persons: dict[str, str] = {}
    for prefix, author in notes.authors.items():
        if prefix in excluded:
            continue
        names = sorted(notes.long_names.get(prefix, ()))
        for name in (*names, *(() if author.second in names else (prefix,))):
            persons.setdefault(comparable(name), clean_name(name))
    return set(persons.values())


def _who_is_us(persons: set[str], noticed: set[str], chat: ChatName) -> tuple[str | None, bool]:
    """In a personal chat that has the name of one of its authors, the other author is us.

    On iOS the other side may be silent and still be the author of the notices.
    """
    key = comparable(chat.name)
    if all(comparable(name) != key for name in persons | noticed):
        return None, False
    others = [name for name in persons if comparable(name) != key]
    if len(others) > 1:
        return None, False
    return (others[0] if others else None), True


def _suffix_minima(blocks: list[dict[DateOrder, int]], order: DateOrder) -> list[int]:
    """Earliest day of each block and all later ones; a block without real dates changes nothing."""
    floors: list[int] = []
    lowest = 1 << 40
    for block in reversed(blocks):
        lowest = min(lowest, block.get(order, lowest))
        floors.append(lowest)
    return floors[::-1]
