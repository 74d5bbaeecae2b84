"""Names of authors and chats: cleaned, compared, and split from the text of a line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple

from pipelines.sources._common.privacy import normalise_phone
from pipelines.sources.whatsapp_export import phrases
from pipelines.sources.whatsapp_export.headers import MARKS

_INVISIBLE: Final = {ord(mark): None for mark in MARKS} | {
    ord("\u00a0"): " ",
    ord("\u202f"): " ",
    ord("\u2011"): "-",
}
_PHONE: Final = re.compile(r"\+?\d[\d ()\-.]{5,20}\d")
# Characters that phones replace when a chat's name becomes a file name.
_NOT_IN_FILE_NAMES: Final = re.compile(r"[/\\:*?\"<>|_]+")
_COPY_MARK: Final = re.compile(r"[ _]?\(\d{1,3}\)$")


def clean_name(raw: str) -> str:
    """A name without invisible marks and the tilde of push names; composed Unicode (NFC)."""
    if not raw.isascii():
        raw = unicodedata.normalize("NFC", raw.translate(_INVISIBLE))
    return " ".join(raw.split()).removeprefix("~").lstrip()


def is_phone(name: str) -> bool:
    """Whether a cleaned name is a phone number, as unsaved contacts have."""
    return _PHONE.fullmatch(name) is not None


def canonical(name: str) -> str:
    """One spelling of a cleaned name: E.164 where it is a possible phone number."""
    return (normalise_phone(name) or name) if is_phone(name) else name


def comparable(name: str) -> str:
    """Form in which a chat's name in a file name equals the author's name inside the file."""
    known = canonical(clean_name(name))
    return " ".join(_NOT_IN_FILE_NAMES.sub(" ", known).split()).casefold()


@dataclass(frozen=True, slots=True)
class ChatName:
    """Name of a chat, and whether a phone has written it (else it is only a file's stem)."""

    name: str
    certain: bool


@cache
def _file_names() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(piece, re.IGNORECASE) for piece in phrases.CHAT_FILE_NAMES)


def chat_name_of_file(stem: str) -> ChatName:
    """Chat name in a file's stem: «WhatsApp Chat with X», «Чат WhatsApp с контактом X», …

    A trailing copy mark « (1)» is dropped. macOS writes decomposed letters: composed here.
    """
    plain = _COPY_MARK.sub("", clean_name(stem))
    for pattern in _file_names():
        found = pattern.fullmatch(plain)
        if found is not None:
            return ChatName(clean_name(found.group(1)), certain=True)
    return ChatName(plain, certain=False)


class Split(NamedTuple):
    """A header's rest, taken apart. `prefix` is what stands before the first «: ».

    The prefix identifies messages (it is the same in every export), the author identifies people.
    """

    prefix: str | None
    author: str | None
    text: str
    expired: bool = False


@dataclass
class AuthorSplitter:
    """Splits «author: text», given what the survey of the whole file knows about its authors."""

    authors: frozenset[str]
    # Names that hold «: » themselves, by their part before it, the longest first.
    long_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # What stands before «: » in notices with a quoted title («X changed the subject to "A: b"»).
    notice_prefixes: frozenset[str] = frozenset()

    def split(self, rest: str) -> Split:
        """Take a header's rest apart; author and prefix are null for a notice."""
        end = rest.find(": ")
        if end < 0:
            return self._without_separator(rest)
        prefix = rest[:end]
        if prefix in self.notice_prefixes:
            return Split(None, None, rest)
        for name in self.long_names.get(prefix, ()):
            if rest.startswith(f"{name}: "):
                return Split(prefix, name, rest[len(name) + 2 :])
        return Split(prefix, prefix, rest[end + 2 :])

    def _without_separator(self, rest: str) -> Split:
        # Editors strip the blank of «Name: »: an empty message of an author seen elsewhere.
        if rest.endswith(":") and rest[:-1] in self.authors:
            return Split(rest[:-1], rest[:-1], "")
        if rest.endswith(":.") and len(rest) > 2:
            return Split(rest[:-2], None, "", expired=True)
        return Split(None, None, rest)


def has_open_quote(prefix: str) -> bool:
    """Whether a prefix ends inside quotation marks, as no name does."""
    straight = prefix.count('"')
    opened = sum(prefix.count(mark) for mark in "«“„")
    closed = sum(prefix.count(mark) for mark in "»”")
    return straight % 2 == 1 or opened > closed
