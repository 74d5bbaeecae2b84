"""Files that are there whole or not at all, also after a kill and a power cut."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes | str, *, mode: int = 0o666) -> None:
    """Put a file in the place of an older one.

    Args:
        mode: of a file that is made, less the umask.
    """
    new = _written(path, content, mode)
    new.replace(path)
    sync(path.parent)


def write_once(path: Path, content: bytes | str, *, mode: int = 0o666) -> None:
    """Make a file unless it is there: of several processes one does."""
    new = _written(path, content, mode)
    with suppress(FileExistsError):
        os.link(new, path)
    new.unlink()
    sync(path.parent)


def sync(path: Path) -> None:
    """Let what was written to a file or a folder reach the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _written(path: Path, content: bytes | str, mode: int) -> Path:
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    # Made with its final mode: there is no moment at which another user can read it.
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    return new
