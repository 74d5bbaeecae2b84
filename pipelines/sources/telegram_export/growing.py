"""A JSON document that can be looked into while ijson is still building it.

ijson attaches every object to its parent when the object begins (`ijson.ObjectBuilder`: "the object
being built is available at any time"), so between two chunks the unfinished root holds everything
that was read.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from itertools import chain
from json import JSONDecodeError
from typing import Any

import ijson


class _ChunkFile:
    """An asynchronous file that is handed its chunks, and pauses the parser when it has none."""

    def __init__(self) -> None:
        self.chunk: bytes | None = None
        self.is_waiting = False

    async def read(self, size: int) -> bytes:
        """Give the chunk on; ijson reads 0 bytes to learn whether the file is binary."""
        if size == 0:
            return b""
        self.is_waiting = True
        while self.chunk is None:
            await _Pause()
        chunk, self.chunk = self.chunk, None
        self.is_waiting = False
        return chunk


class _Pause:
    def __await__(self) -> Generator[None, None, None]:
        yield


class GrowingDocument:
    """The root object of a JSON text, visible while it is being built.

    ijson's asynchronous reader is driven by hand, without an event loop: it parses in C from one
    chunk to the next and stops there, twice as fast as its push interface (`items_coro`, which
    calls back into Python for every token).
    """

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        # The first object that ijson asks for is the root. An iterator over C calls instead of a
        # function: it is asked for every object of the file.
        new_object = chain([self.root], iter(dict, None)).__next__
        self._file = _ChunkFile()
        # Numbers as they are: `use_float` would take an integer beyond 64 bits for damage.
        self._results = aiter(ijson.items(self._file, "", map_type=new_object))
        self._parser = anext(self._results).__await__()
        self._started = False

    def feed(self, chunk: bytes) -> None:
        """Parse a chunk; everything before an error is in `root` when ijson.JSONError is raised."""
        if not self._started and (beginning := chunk.lstrip()):
            # In a list the first object met would pass for the root.
            if not beginning.startswith(b"{"):
                raise ijson.JSONError("the text does not begin with an object")
            self._started = True
        self._file.chunk = chunk
        while self._file.chunk is not None or not self._file.is_waiting:
            try:
                next(self._parser)
            except StopIteration:  # the root is finished: only blanks may follow
                self._parser = anext(self._results).__await__()
            except (UnicodeDecodeError, JSONDecodeError) as error:  # ijson's backend in Python
                raise ijson.JSONError("damaged text") from error

    def close(self) -> None:
        """Declare the end of the text; ijson.JSONError where the root is unfinished."""
        # An empty chunk is the end of a file.
        with suppress(StopAsyncIteration):
            self.feed(b"")
