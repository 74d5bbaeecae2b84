"""Homes in trouble."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import OTVET

_DISK_BYTES = 300 << 20
_FILE_LIMIT = 1 << 20


@dataclass
class CrampedDisk:
    """A folder whose disk can be filled up.

    A tmpfs of its own where this user may mount one; otherwise started processes are limited in
    the size of a file, which fails their writes in the same places.
    """

    folder: Path
    is_mounted: bool

    @contextmanager
    def full(self) -> Iterator[Callable[[], None] | None]:
        """Fill the disk; yields what a started process has to do first, if anything."""
        if not self.is_mounted:
            yield _limit_files
            return
        filler = self.folder / "filler"
        # Unbuffered: a rest in the buffer would fail once more when the file is closed.
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"\0" * (1 << 16))
        try:
            yield None
        finally:
            filler.unlink()


def _limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_LIMIT, _FILE_LIMIT))


@pytest.fixture(scope="module")
def cramped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrampedDisk]:
    """A disk that can be filled."""
    folder = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(folder)]
    mounted = shutil.which("mount") is not None and (
        subprocess.run(command, check=False, capture_output=True).returncode == 0
    )
    yield CrampedDisk(folder, mounted)
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def start(home: Path, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """Start the command line in a home without waiting for it."""
    return subprocess.Popen(
        [str(OTVET), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home.parent,
        env={**os.environ, "OTVET_HOME": str(home), "OTVET_CONFIG": "", **environment},
    )
