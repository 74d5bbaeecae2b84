"""What a line is: text, media, a deleted message, a call, a notice. Pure functions over texts."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from pipelines.sources.whatsapp_export import phrases
from pipelines.sources.whatsapp_export.headers import MARKS

_TRIM: Final = MARKS + " \u00a0\u202f\t\r\n"
_LRM: Final = "\u200e"


class Content(NamedTuple):  # a frozen dataclass takes four times as long to make
    """What one message says. `text` is the user's own text, without placeholders and suffixes.

    `detail` orders versions of one message that exports disagree on, the richer being greater: an
    expired line, a placeholder, a plain text, an attachment, an edited and a deleted message.
    """

    event_type: str  # message | service
    content_type: str
    text: str | None
    metadata: str | None = None  # JSON
    detail: int = 4
    edited: bool = False
    deleted: bool = False


_EXPIRED_DETAIL: Final = 0
_OMITTED_DETAIL: Final = 1
_ATTACHED_DETAIL: Final = 6
_EDITED_DETAIL: Final = 8
_DELETED_DETAIL: Final = 9
_CAPTION_DETAIL: Final = 1  # added where a caption stands beside the media


def _key(text: str) -> str:
    return text.strip(_TRIM).removesuffix(".").casefold()


def _fold(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.casefold() for word in words)


_OMITTED: Final = {
    phrase.casefold(): kind for kind, items in phrases.OMITTED.items() for phrase in items
}
_DELETED: Final = frozenset(_fold(phrases.DELETED))
_DELETED_BY_ADMIN: Final = _fold(phrases.DELETED_BY_ADMIN)
_CALLS: Final = {
    phrase.casefold(): kind for kind, items in phrases.CALLS.items() for phrase in items
}
_CALL_KINDS: Final = frozenset(_CALLS.values())
_LIVE: Final = frozenset(_fold(phrases.LIVE_LOCATION))
_PHRASES: Final = frozenset({"null", *_OMITTED, *_DELETED, *_CALLS, *_LIVE})
# Longer than any phrase: a longer first line without a bracket is somebody's text.
_LONGEST: Final = max(len(phrase) for phrase in (*_OMITTED, *_DELETED, *_CALLS, *_LIVE)) + 4

_EXTENSIONS: Final[dict[str, str]] = {
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "heic", "heif", "bmp", "tiff"), "image"),
    **dict.fromkeys(("mp4", "mov", "3gp", "avi", "mkv", "webm"), "video"),
    **dict.fromkeys(("opus", "ogg", "m4a", "mp3", "aac", "amr", "wav"), "voice"),
    **dict.fromkeys(
        (
            "pdf", "doc", "docx", "odt", "rtf", "txt", "xls", "xlsx", "ods", "csv", "ppt", "pptx",
            "zip", "rar", "7z", "apk", "ics", "html", "json", "xml",
        ),
        "file",
    ),
    "webp": "sticker",
    "vcf": "contact",
}  # fmt: skip


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    def any_of(words: tuple[str, ...]) -> str:
        return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))

    flags = re.IGNORECASE | re.DOTALL
    space = "[ \u00a0\u202f]"
    documents = any_of(phrases.OMITTED["file"])
    return {
        "edited": re.compile(
            rf"[{_TRIM}]*<[{MARKS}]*(?:{any_of(phrases.EDITED)})\.?>[{_TRIM}]*\Z", flags
        ),
        "file_attached": re.compile(
            rf"(?P<name>[^\n]+?\.\w{{1,10}}){space}\((?:{any_of(phrases.FILE_ATTACHED)})\)"
            rf"[{_TRIM}]*(?:\n(?P<caption>.*))?\Z",
            flags,
        ),
        "attached": re.compile(
            rf"(?P<before>.*?)[{_TRIM}]*<[{MARKS}]*(?:{any_of(phrases.ATTACHED)}):{space}?"
            rf"[{MARKS}]*(?P<name>[^<>\n]+)>[{_TRIM}]*(?:\n(?P<caption>.*))?\Z",
            flags,
        ),
        "document": re.compile(
            rf"[^\n]+?{space}•{space}[^\n]*?[{MARKS}]*(?:{documents})\.?[{_TRIM}]*\Z", flags
        ),
        "location": re.compile(
            rf"(?:{any_of(phrases.LOCATION)})(?: \([^)\n]*\))?:{space}?https?://\S+[{_TRIM}]*\Z",
            flags,
        ),
        "call": re.compile(rf"(?P<call>{any_of(tuple(_CALLS))})(?:[.,][^\n]{{0,60}})?\Z", flags),
    }


@cache
def _notices() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (kind, re.compile("|".join(f"(?:{piece})" for piece in pieces), re.IGNORECASE))
        for kind, pieces in phrases.NOTICES.items()
    )


def notice_kind(text: str) -> str | None:
    """Kind of a notice of WhatsApp itself, or None where the text is no known notice."""
    stripped = text.strip(_TRIM)
    call = _patterns()["call"].match(stripped)
    if call is not None:
        return _CALLS[call["call"].casefold()]
    for kind, pattern in _notices():
        if pattern.search(stripped):
            return kind
    return None


def notice(kind: str | None) -> Content:
    """A notice; its words are dropped because they hold names and numbers of people."""
    return Content(
        "service", "other", None, f'{{"service": "{kind or "notice"}"}}', detail=_OMITTED_DETAIL
    )


EXPIRED: Final = Content(
    "service", "other", None, '{"service": "expired_message"}', detail=_EXPIRED_DETAIL
)
VIEW_ONCE: Final = Content("message", "other", None, '{"view_once": true}', detail=_OMITTED_DETAIL)
EMPTY: Final = Content("message", "other", None, '{"empty": true}', detail=_OMITTED_DETAIL)
DELETED: Final = Content(
    "message", "other", None, '{"deleted": true}', detail=_DELETED_DETAIL, deleted=True
)


def is_placeholder(text: str) -> bool:
    """Whether a whole text is one that nobody types: media left out, or a deleted message."""
    if len(text) > _LONGEST:
        return False
    key = _key(text)
    return key in _OMITTED or key in _DELETED


def classify(text: str) -> Content:
    """Say what a message with an author is.

    Args:
        text: everything behind `author: `, lines joined by newlines, invisible marks kept.
    """
    edited = False
    if text and ">" in text[-8:]:
        shorter = _patterns()["edited"].sub("", text)
        edited, text = shorter != text, shorter
    special = _special(text) if _may_be_special(text) else None
    if special is None:
        special = Content("message", "text", text.lstrip(MARKS))
    if not edited:
        return special
    return Content(
        special.event_type,
        special.content_type,
        special.text,
        _with_edited(special.metadata),
        detail=_EDITED_DETAIL,
        edited=True,
    )


def _with_edited(metadata: str | None) -> str:
    return '{"edited": true}' if metadata is None else metadata[:-1] + ', "edited": true}'


def _may_be_special(text: str) -> bool:
    """Cheap test that spares most texts the patterns."""
    newline = text.find("\n")
    first_line = len(text) if newline < 0 else newline
    if first_line <= _LONGEST:
        return True
    return not _is_unmarked(text)


def _is_unmarked(text: str) -> bool:
    """Whether a text holds nothing of what all the patterns ask for."""
    # Spelled out: `any` with a generator takes five times as long.
    return not (_LRM in text or ")" in text or ">" in text or "•" in text or "://" in text)


def _special(text: str) -> Content | None:
    first, newline, rest = text.partition("\n")
    key = _key(first)
    caption = rest if newline else None
    if not key and not rest.strip(_TRIM):
        return EMPTY
    if key not in _PHRASES and _is_unmarked(text) and not key.startswith(_DELETED_BY_ADMIN):
        return None
    if key == "null" and not newline:
        return VIEW_ONCE
    if key in _OMITTED:
        return _media(_OMITTED[key], caption)
    if not newline and (key in _DELETED or key.startswith(_DELETED_BY_ADMIN)):
        return DELETED
    if not newline and key in _LIVE:
        return Content("message", "location", None, '{"live": true}', detail=_OMITTED_DETAIL)
    return _call(text, key) or _by_pattern(text) or _omitted_with_caption(text)


def _by_pattern(text: str) -> Content | None:
    patterns = _patterns()
    if ")" in text:
        found = patterns["file_attached"].match(text)
        if found is not None:
            return _attachment(found["name"], found["caption"])
    if ">" in text:
        found = patterns["attached"].match(text)
        if found is not None:
            return _attachment(found["name"], found["before"] or found["caption"])
    if "•" in text and patterns["document"].match(text):
        return _media("file", None)
    head = text.strip(_TRIM)
    if "://" in head and patterns["location"].match(head):
        return Content("message", "location", None, None, detail=_OMITTED_DETAIL)
    return None


def _call(text: str, key: str) -> Content | None:
    kind = _CALLS.get(key)
    if kind is not None and (kind.startswith("missed") or _LRM in text):
        return notice(kind)  # «Video call» without the mark may be somebody's word
    if _LRM in text:
        kind = notice_kind(text)  # «Voice call, 5 min»
        return notice(kind) if kind in _CALL_KINDS else None
    return None


def _omitted_with_caption(text: str) -> Content | None:
    """iOS puts the caption in front: «Our invoice ‎document omitted»."""
    before, mark, tail = text.rpartition(_LRM)
    if mark and _key(tail) in _OMITTED:
        return _media(_OMITTED[_key(tail)], before)
    return None


def _media(kind: str, caption: str | None) -> Content:
    text = (caption or "").strip(_TRIM) or None
    return Content(
        "message",
        kind,
        text,
        '{"media": "omitted"}',
        detail=_OMITTED_DETAIL + (_CAPTION_DETAIL if text else 0),
    )


def _attachment(name: str, caption: str | None) -> Content:
    """An attached file; its name is dropped (people's names), the extension stays."""
    text = (caption or "").strip(_TRIM) or None
    clean = name.strip(_TRIM)
    extension = clean.rpartition(".")[2].casefold()
    if extension not in _EXTENSIONS:
        extension = ""  # «report.ivanov» would bring a name into the tables
    upper = clean.upper()
    if upper.startswith("STK-") or "-STICKER-" in upper:
        kind = "sticker"
    elif "-GIF-" in upper:
        kind = "image"
    else:
        kind = _EXTENSIONS.get(extension, "file")
    metadata = f', "extension": "{extension}"' if extension else ""
    return Content(
        "message",
        kind,
        text,
        f'{{"media": "attached"{metadata}}}',
        detail=_ATTACHED_DETAIL + (_CAPTION_DETAIL if text else 0),
    )
