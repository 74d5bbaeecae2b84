"""Errors told without personal data: logs and the run history never hold names of people.

A terminal shows an error in full; names of authors and of files (`WhatsApp Chat with Anna.txt`)
stay there.
"""

from __future__ import annotations

import traceback

from pipelines.lib.importing import NothingReadError
from pipelines.lib.who_is_us import WhoIsUsError
from pipelines.sources._common.exports import SourceFileError

_WITH_NAMES = (NothingReadError, SourceFileError, WhoIsUsError)


def discreet(error: BaseException) -> str:
    """Return the message of an error, in one line and without names."""
    if isinstance(error, NothingReadError):
        return "; ".join(error.reasons)
    if isinstance(error, SourceFileError):
        return f"{error.reason}. {error.remedy}"
    if isinstance(error, WhoIsUsError):
        return (
            f"Nothing says who is the company in '{error.source_name}'. Run `otvet import` in a "
            "terminal, which lists the authors, or add the people to config/roster.csv."
        )
    return " ".join(str(error).split()) or type(error).__name__


def discreet_trace(error: BaseException) -> str:
    """Return the trace of an error and its causes; causes of errors with names lose their text."""
    parts: list[str] = []
    current: BaseException | None = error
    private = False
    while current is not None:
        told = type(current).__name__ if private else f"{type(current).__name__}: "
        parts.append("".join(traceback.format_tb(current.__traceback__)) + told)
        parts[-1] += "" if private else discreet(current)
        private = private or isinstance(current, _WITH_NAMES)
        hidden = None if current.__suppress_context__ else current.__context__
        current = current.__cause__ or hidden
    return "\nThe error above was caused by:\n".join(parts)
