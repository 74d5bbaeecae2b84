"""A file made readable: unpacked, in UTF-8, with the hash of its content."""

from __future__ import annotations

import codecs
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.sources._common.exports import SourceFileError

_CHUNK = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Prepared:
    """`plain` is the file itself where nothing had to change, else a copy in the work folder."""

    origin: Path
    plain: Path
    key: str  # hash of the unpacked content: packed and plain have the same
    quotes: int  # quote characters, to tell an unclosed one
    is_empty: bool
    ends_with_line: bool
    damage: str | None  # why the end is missing


def prepare(path: Path, *, workdir: Path, encoding: str, quote: str, binary: bool) -> Prepared:
    """Unpack and recode a file into `workdir` where needed, and hash it on the way.

    A packed file that is cut off gives what could be unpacked, with `damage` set.

    Raises:
        SourceFileError: the file cannot be read, or is not in the encoding of the mapping.
    """
    damage: list[str] = []
    digest = hashlib.blake2b(digest_size=16)
    mark = quote.encode()
    size = quotes = 0
    last = b""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP_MAGIC
        recode = not binary and codecs.lookup(encoding).name not in ("utf-8", "utf-8-sig", "ascii")
        chunks = _unpacked(path, damage) if packed else _plain(path)
        if recode:
            chunks = _recoded(chunks, encoding)
        copy = workdir / "file" if packed or recode else None
        target = copy.open("wb") if copy else None
        try:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                quotes += chunk.count(mark) if mark and not binary else 0
                last = chunk[-1:] or last
                if target:
                    target.write(chunk)
        finally:
            if target:
                target.close()
    except UnicodeDecodeError as error:
        raise SourceFileError(
            path,
            f"byte {error.start} is not {encoding}",
            'Write the right encoding into the mapping, e.g. encoding = "cp1251"',
        ) from error
    except OSError as error:
        raise SourceFileError(
            path, f"cannot be read: {error.strerror}", "Check the file and its permissions"
        ) from error
    return Prepared(
        origin=path,
        plain=copy or _without_pattern(path, workdir),
        key=digest.hexdigest(),
        quotes=quotes,
        is_empty=size == 0,
        ends_with_line=last in (b"\n", b"\r", b""),
        damage=damage[0] if damage else None,
    )


def _without_pattern(path: Path, workdir: Path) -> Path:
    """Return a name that DuckDB does not take for a pattern: "chat [1].csv" names one file."""
    if not set("*?[]{}") & set(str(path)):
        return path
    # Never the name of the copy: writing the next copy would go through the link into the origin.
    link = workdir / "origin"
    link.unlink(missing_ok=True)
    link.symlink_to(path)
    return link


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _unpacked(path: Path, damage: list[str]) -> Iterator[bytes]:
    """Yield the content of a gzip file of any number of members, as far as it goes."""
    member = zlib.decompressobj(wbits=31)
    begun = False
    for packed in _plain(path):
        rest = packed
        while rest:
            try:
                chunk = member.decompress(rest)
            except zlib.error:
                # Zero bytes after the last member are padding, as gzip itself sees them.
                if begun or rest.strip(b"\0"):
                    damage.append("the packed data are damaged")
                return
            begun = True
            if chunk:
                yield chunk
            rest = member.unused_data
            if member.eof:
                member, begun = zlib.decompressobj(wbits=31), False
    if begun:
        damage.append("the packed file is cut off")


def _recoded(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    for chunk in chunks:
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", final=True).encode()
