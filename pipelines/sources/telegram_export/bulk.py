"""The growing document, fed fast: whole messages in the middle of a list bypass the slow parser.

ijson reads what gives the file its structure. As soon as it stands just inside a list of messages,
runs of whole messages are cut out by their indentation and parsed by orjson in one call, which is
many times as fast. Nothing rests on the indentation: a run in brackets that parses as a list is by
that a sequence of whole messages, and one that does not goes to ijson, as if never cut out. Both
parsers agree on all they accept, except for whole numbers beyond 64 bits (fractions in orjson).
"""

from __future__ import annotations

import io
import re
from typing import Any, Final

import ijson
import orjson

from pipelines.sources.telegram_export.growing import GrowingDocument
from pipelines.sources.telegram_export.settings import CHAT_LISTS, MESSAGES_KEY

_LIST_BEGINS: Final = f'"{MESSAGES_KEY}": ['.encode()
# A line break is no part of any JSON string, so an indented bracket is one.
_FIRST_MESSAGE: Final = re.compile(rb"(\r?\n[ \t]*)\{")
_BLANKS: Final = re.compile(rb"[ \t\r\n]*\Z")
# A message that has no end in so many bytes is left to ijson, which holds parsed objects instead.
_MAX_PENDING_BYTES: Final = 1 << 20


class BulkDocument:
    """As `GrowingDocument`: fed with chunks, its `root` shows what was read."""

    def __init__(self) -> None:
        self._document = GrowingDocument()
        self._messages: list[Any] | None = None  # the list whose messages are cut out
        self._pending = b""  # of that list, not yet in the document
        self._indent = b""

    @property
    def root(self) -> dict[str, Any]:
        """The unfinished document."""
        return self._document.root

    def feed(self, chunk: bytes) -> None:
        """Parse a chunk; everything before an error is in `root` when ijson.JSONError is raised.

        The beginning of a message may wait for the next chunk.
        """
        data = self._pending + chunk
        self._pending = b""
        while data:
            data = self._cut(data) if self._messages is not None else self._parse(data)

    def close(self) -> None:
        """Declare the end of the text; ijson.JSONError where the root is unfinished."""
        pending, self._pending, self._messages = self._pending, b"", None
        self._feed(pending)
        self._document.close()

    def _parse(self, data: bytes) -> bytes:
        """Give ijson the data up to a list of messages; returns the rest."""
        begins = data.find(_LIST_BEGINS)
        if begins < 0:
            cut = len(data) - _beginning_at_the_end(data)
            self._pending = data[cut:]
            self._feed(data[:cut])
            return b""
        self._feed(data[:begins])
        before = _open_messages(self.root)
        self._feed(_LIST_BEGINS)
        opened = _open_messages(self.root)
        # These bytes hold one bracket: a list that was not there before is the one it opens.
        if opened is not None and opened is not before:
            self._messages, self._indent = opened, b""
        return data[begins + len(_LIST_BEGINS) :]

    def _feed(self, data: bytes) -> None:
        if data:  # nothing at all would be the end of the text
            self._document.feed(data)

    def _cut(self, data: bytes) -> bytes:
        """Take whole messages from the front of the open list; returns what is for ijson."""
        if not self._indent:
            first = _FIRST_MESSAGE.match(data)
            if first is None:
                if _BLANKS.match(data) and len(data) < _MAX_PENDING_BYTES:
                    self._pending = data
                    return b""
                return self._leave(data)
            self._indent = first[1]
        indent = self._indent
        # Telegram indents by one blank, so this closes the list; else ijson meets its end.
        end = data.find(indent + b"}" + indent[:-1] + b"]")
        between = indent + b"}," + indent + b"{"
        last = data.rfind(between, 0, end if end >= 0 else len(data))
        if last >= 0:
            whole = last + len(indent) + 1
            taken = self._take(data[:whole], between)
            data = data[taken:]
            if taken <= whole:  # the comma behind the run was not reached
                return self._leave(data)
        if end >= 0 or len(data) > _MAX_PENDING_BYTES:
            return self._leave(data)
        self._pending = data
        return b""

    def _leave(self, data: bytes) -> bytes:
        self._messages = None
        return data

    def _take(self, run: bytes, between: bytes) -> int:
        """Append the messages of a run to the list; returns how many bytes that (and a comma) were.

        Less than the run is long where one of its messages is none.
        """
        assert self._messages is not None
        try:
            self._messages += orjson.loads(b"[" + run + b"]")
        except orjson.JSONDecodeError:
            pass
        else:
            return len(run) + 1
        # Half of a surrogate pair is legal in ijson only; what is damaged is so for both.
        at = 0
        while at < len(run):
            found = run.find(between, at)
            stop = found + len(self._indent) + 1 if found >= 0 else len(run)
            try:
                self._messages += list(ijson.items(io.BytesIO(b"[" + run[at:stop] + b"]"), "item"))
            except (ijson.JSONError, UnicodeDecodeError):
                return at
            at = stop + 1
        return at


def _beginning_at_the_end(data: bytes) -> int:
    """How many bytes at the end may be the beginning of a list of messages."""
    lengths = range(len(_LIST_BEGINS) - 1, 0, -1)
    return next((length for length in lengths if data.endswith(_LIST_BEGINS[:length])), 0)


def _open_messages(root: dict[str, Any]) -> list[Any] | None:
    """The list of messages in which the document ends, if it ends in one."""
    chat: Any = root
    last = next(reversed(root), None)
    if last in CHAT_LISTS:
        container = root[last]
        chats = container.get("list") if isinstance(container, dict) else None
        chat = chats[-1] if isinstance(chats, list) and chats else None
    if not isinstance(chat, dict) or next(reversed(chat), None) != MESSAGES_KEY:
        return None
    messages = chat[MESSAGES_KEY]
    return messages if isinstance(messages, list) else None
