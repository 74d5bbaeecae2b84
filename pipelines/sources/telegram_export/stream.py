"""Bytes of an export: plain or gzip, without byte-order mark, with Telegram's escapes repaired."""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Final

from pipelines.sources.telegram_export.settings import CHUNK_BYTES

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# An even number of backslashes before the escape: `\\x41` is a backslash and the text «x41».
_BAD_ESCAPE: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\x([0-9A-Fa-f]{2})")


class EscapeRepair:
    r"""Rewrites `\xNN`, which Telegram writes for control characters, to valid JSON `\u00NN`.

    Fed with chunks of any size; an escape that a chunk cuts is kept until the next one.
    """

    def __init__(self) -> None:
        self._tail = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return what is certain after this chunk."""
        data = self._tail + chunk if self._tail else chunk
        cut = _incomplete_escape(data)
        self._tail = data[cut:]
        data = data[:cut] if self._tail else data
        return _BAD_ESCAPE.sub(rb"\1\\u00\2", data) if b"\\x" in data else data

    def finish(self) -> bytes:
        """Return what was kept at the end of the input (an incomplete escape, as it came)."""
        tail, self._tail = self._tail, b""
        return tail


def _incomplete_escape(data: bytes) -> int:
    r"""Where an escape begins that may go on after the end; `len(data)` where there is none.

    `data` must not begin inside an escape. Three last bytes decide: `\xN` is the longest beginning.
    """
    last = data.rfind(b"\\", max(0, len(data) - 3))
    if last < 0:
        return len(data)
    run = data[: last + 1]
    backslashes = len(run) - len(run.rstrip(b"\\"))
    length = 4 if data[last + 1 : last + 2] == b"x" else 2
    if backslashes % 2 and last + length > len(data):
        return last
    return len(data)


def read_chunks(path: Path, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the repaired bytes of a file; gzip is recognised by its content, not by its name.

    A damaged gzip file ends where its readable data end: the JSON parser then meets the cut.
    """
    repair = EscapeRepair()
    started = False
    with _open(path) as file:
        while chunk := _read(file, size):
            if not started:
                # Read on until the mark can be told from three other bytes.
                while len(chunk) < len(_BYTE_ORDER_MARK) and (more := _read(file, size)):
                    chunk += more
                chunk = chunk.removeprefix(_BYTE_ORDER_MARK)
                started = True
            # Never an empty chunk: the parser takes it for the end of the text.
            if repaired := repair.feed(chunk):
                yield repaired
    if tail := repair.finish():
        yield tail


def file_key(path: Path) -> str:
    """Hash of a file's bytes, 32 hex digits: names a file without its name."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _open(path: Path) -> gzip.GzipFile | BufferedReader:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")


def _read(file: gzip.GzipFile | BufferedReader, size: int) -> bytes:
    if not isinstance(file, gzip.GzipFile):
        return file.read(size)
    try:
        # `read` would lose what it had gathered when the data end early; `read1` does not gather.
        return file.read1(size)
    except (EOFError, OSError, zlib.error):
        return b""
