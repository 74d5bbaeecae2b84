"""One run at a time in a home: of the command line and of Dagster's steps alike."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.settings import Settings

_held: set[Path] = set()


class RunInProgressError(Exception):
    """Another process works in this home."""


@contextmanager
def home_lock(settings: Settings) -> Iterator[None]:
    """Hold the home's run lock; a killed process loses it with its life.

    A step that runs inside a run of its own process goes through.

    Raises:
        RunInProgressError: somebody else holds it.
    """
    settings.ensure_home()
    if settings.home in _held:
        yield
        return
    with (settings.home / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunInProgressError(
                f"Another run works in {settings.home}; wait until it ends, or use another "
                "OTVET_HOME."
            ) from error
        _held.add(settings.home)
        try:
            yield
        finally:
            _held.discard(settings.home)
