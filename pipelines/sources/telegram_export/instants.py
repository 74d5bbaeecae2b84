"""Moments of an export: epoch seconds where there are any, else local text and a zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from pipelines.sources.telegram_export.settings import (
    AGAIN_REMEDY,
    EARLIEST_EDIT_SECONDS,
    LATEST_SECONDS,
    ZONE_REMEDY,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class NoInstantError(Exception):
    """An item has no usable moment; carries the reason and the remedy of its rejection."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


def sent_microseconds(item: dict[str, Any], zone: ZoneInfo | None) -> int:
    """Microseconds since the epoch, UTC. `date_unixtime` wins over `date`.

    Raises:
        NoInstantError: no date, or a local one without a zone to read it in.
    """
    seconds = _epoch_seconds(item.get("date_unixtime"))
    if seconds is not None:
        return seconds * 1_000_000
    local = item.get("date")
    if not isinstance(local, str) or not local:
        raise NoInstantError("the message has no date", AGAIN_REMEDY)
    try:
        moment = datetime.fromisoformat(local)
    except ValueError:
        raise NoInstantError("the date of the message cannot be read", AGAIN_REMEDY) from None
    if moment.tzinfo is None:
        if zone is None:
            raise NoInstantError("the date of the message is local time of no zone", ZONE_REMEDY)
        moment = moment.replace(tzinfo=zone)
    microseconds = _microseconds(moment)
    if not 0 < microseconds <= LATEST_SECONDS * 1_000_000:
        raise NoInstantError("the date of the message is the epoch or before it", AGAIN_REMEDY)
    return microseconds


def edited_microseconds(item: dict[str, Any], zone: ZoneInfo | None) -> int | None:
    """Moment of the last edit, null where there is none or it cannot be told."""
    try:
        edited = sent_microseconds(
            {"date_unixtime": item.get("edited_unixtime"), "date": item.get("edited")}, zone
        )
    except NoInstantError:
        return None
    return edited if edited > EARLIEST_EDIT_SECONDS * 1_000_000 else None


def _epoch_seconds(value: Any) -> int | None:
    if value is None:
        return None
    try:
        seconds = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 < seconds <= LATEST_SECONDS else None


def _microseconds(moment: datetime) -> int:
    try:
        delta = moment - _EPOCH
    except OverflowError:  # year 1 or 9999 with an offset that leaves the calendar
        return 0
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
