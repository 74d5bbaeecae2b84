"""Working time between two instants, by walking every minute.

Slow on purpose: a minute of UTC is open iff the wall clock of the zone shows an open time, so
changes of the clocks need no rule of their own. Opening times are whole minutes and the zones in
use have offsets of whole minutes, so a minute is open or shut as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
# A schedule that never opens again must end in an error, not in an endless walk.
HORIZON = timedelta(days=400)


@dataclass(frozen=True)
class Opening:
    """One open interval of one weekday (1 = Monday); both ends of the validity are inclusive."""

    weekday: int
    opens: str
    closes: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Holiday:
    """A day that replaces its weekday: shut, or open at special times (one row an interval)."""

    day: date
    opens: str | None = None
    closes: str | None = None


@dataclass(frozen=True)
class Schedule:
    """The working hours of one team in its zone."""

    zone: str
    openings: tuple[Opening, ...]
    holidays: tuple[Holiday, ...] = ()


def business_seconds(schedule: Schedule | None, start: datetime, end: datetime) -> int:
    """Count the whole open seconds in [start, end); without a schedule all seconds are open.

    Raises:
        ValueError: if the end lies before the start.
    """
    if end < start:
        raise ValueError(f"{end} lies before {start}")
    if schedule is None:
        return (end - start) // SECOND
    total = timedelta()
    minute = _floor_to_minute(start)
    while minute < end:
        if is_open(schedule, minute):
            total += min(end, minute + MINUTE) - max(start, minute)
        minute += MINUTE
    return total // SECOND


def deadline(schedule: Schedule | None, start: datetime, seconds: int) -> datetime:
    """Return the instant at which `seconds` of open time have passed since `start`.

    Raises:
        ValueError: if the schedule does not hold that much open time within `HORIZON`.
    """
    left = timedelta(seconds=seconds)
    if schedule is None or not left:
        return start + left
    minute = _floor_to_minute(start)
    while minute < start + HORIZON:
        if is_open(schedule, minute):
            begin = max(start, minute)
            if begin + left <= minute + MINUTE:
                return begin + left
            left -= minute + MINUTE - begin
        minute += MINUTE
    raise ValueError(f"no {seconds} s of open time within {HORIZON.days} days of {start}")


def is_open(schedule: Schedule, instant: datetime) -> bool:
    """True iff the wall clock of the schedule's zone shows an open time at the instant."""
    local = instant.astimezone(ZoneInfo(schedule.zone))
    now = local.hour * 60 + local.minute
    return any(opens <= now < closes for opens, closes in _intervals(schedule, local.date()))


def _intervals(schedule: Schedule, day: date) -> list[tuple[int, int]]:
    """Open intervals of a local day in minutes since midnight."""
    special = [holiday for holiday in schedule.holidays if holiday.day == day]
    if special:
        return [
            (_minutes(holiday.opens), _minutes(holiday.closes))
            for holiday in special
            if holiday.opens is not None and holiday.closes is not None
        ]
    return [
        (_minutes(opening.opens), _minutes(opening.closes))
        for opening in schedule.openings
        if opening.weekday == day.isoweekday()
        and (opening.valid_from is None or opening.valid_from <= day)
        and (opening.valid_to is None or day <= opening.valid_to)
    ]


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _floor_to_minute(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(second=0, microsecond=0)
