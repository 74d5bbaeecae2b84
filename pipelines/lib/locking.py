"""One run at a time in a home."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.settings import Settings


class RunInProgressError(Exception):
    """Another process works in this home."""


@contextmanager
def home_lock(settings: Settings) -> Iterator[None]:
    """Hold the home's run lock; a killed process loses it with its life.

    Raises:
        RunInProgressError: somebody else holds it.
    """
    settings.ensure_home()
    with (settings.home / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunInProgressError(
                f"Another run works in {settings.home}; wait until it ends, or use another "
                "OTVET_HOME."
            ) from error
        yield
