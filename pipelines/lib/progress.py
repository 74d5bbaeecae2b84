"""One line per step of long work, wherever it runs."""

from __future__ import annotations

import logging

_LOGGER = logging.getLogger("otvet.progress")


def step(message: str) -> None:
    """Tell the people who wait what is being done; the command line prints it, Dagster logs it."""
    _LOGGER.info(message)
