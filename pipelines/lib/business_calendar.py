"""The calendar of working time that every business clock is read from.

Time is tiled into segments, split at the opening and closing instants and at every UTC midnight;
each says whether the team works and how many open seconds lie before it. An instant meets exactly
one segment of its UTC day, so the working time between two instants is one subtraction, whatever
their distance and however many clock changes lie between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipelines.sources._common.contracts import TIMESTAMP

CALENDAR = pa.schema(
    [
        pa.field("team", pa.string(), nullable=False),
        pa.field("utc_date", pa.date32(), nullable=False),
        pa.field("segment_start_at", TIMESTAMP, nullable=False),
        pa.field("segment_end_at", TIMESTAMP, nullable=False),
        pa.field("is_open", pa.bool_(), nullable=False),
        pa.field("open_seconds_before", pa.int64(), nullable=False),
    ]
)

FIRST_DAY = date(1999, 1, 1)
DAYS_AHEAD = 400


@dataclass(frozen=True)
class WorkingHours:
    """One opening interval of one weekday (ISO, Monday is 1) in one version of a schedule."""

    team: str
    valid_from: date | None
    valid_to: date | None  # exclusive
    weekday: int
    opens: timedelta  # since local midnight
    closes: timedelta


@dataclass(frozen=True)
class Holiday:
    """A day that differs from the schedule: closed, or open at other hours."""

    team: str  # "*" for every team
    day: date
    opens: timedelta | None
    closes: timedelta | None


def build_calendar(
    hours: Iterable[WorkingHours],
    holidays: Iterable[Holiday],
    zones: dict[str, str],
    default_zone: str,
    last_day: date,
    first_day: date = FIRST_DAY,
) -> pa.Table:
    """Return the segments (schema `CALENDAR`) of every team that has a schedule.

    A day that no version of the team's schedule covers counts as open all day: there the business
    clock equals the calendar, as it does for teams without a schedule.
    """
    by_team: dict[str, list[WorkingHours]] = defaultdict(list)
    for row in hours:
        by_team[row.team].append(row)
    special: dict[tuple[str, date], list[Holiday]] = defaultdict(list)
    for holiday in holidays:
        special[holiday.team, holiday.day].append(holiday)

    columns: dict[str, list[object]] = {name: [] for name in CALENDAR.names}
    for team, rows in sorted(by_team.items()):
        zone = ZoneInfo(zones.get(team, default_zone))
        intervals = _open_intervals(rows, special, team, zone, first_day, last_day)
        for start, end, is_open, before in _tile(intervals, first_day, last_day):
            columns["team"].append(team)
            columns["utc_date"].append(start.date())
            columns["segment_start_at"].append(start)
            columns["segment_end_at"].append(end)
            columns["is_open"].append(is_open)
            columns["open_seconds_before"].append(before)
    return pa.table(columns, schema=CALENDAR)


def _open_intervals(
    rows: list[WorkingHours],
    special: dict[tuple[str, date], list[Holiday]],
    team: str,
    zone: ZoneInfo,
    first_day: date,
    last_day: date,
) -> Iterator[tuple[datetime, datetime]]:
    """Yield open intervals in UTC, in order and merged where they touch."""
    pending: tuple[datetime, datetime] | None = None
    day = first_day
    while day <= last_day:
        for opens, closes in _hours_of_day(rows, special, team, day):
            start, end = _instant(day, opens, zone), _instant(day, closes, zone)
            if end <= start:  # the interval fell into the hour that a clock change skipped
                continue
            if pending is not None and start <= pending[1]:
                pending = (pending[0], max(pending[1], end))
            else:
                if pending is not None:
                    yield pending
                pending = (start, end)
        day += timedelta(days=1)
    if pending is not None:
        yield pending


def _hours_of_day(
    rows: list[WorkingHours],
    special: dict[tuple[str, date], list[Holiday]],
    team: str,
    day: date,
) -> list[tuple[timedelta, timedelta]]:
    exceptions = special.get((team, day)) or special.get(("*", day))
    if exceptions is not None:
        return sorted(
            (item.opens, item.closes)
            for item in exceptions
            if item.opens is not None and item.closes is not None
        )
    valid = [
        row
        for row in rows
        if (row.valid_from is None or row.valid_from <= day)
        and (row.valid_to is None or day < row.valid_to)
    ]
    if not valid:
        return [(timedelta(0), timedelta(days=1))]
    return sorted((row.opens, row.closes) for row in valid if row.weekday == day.isoweekday())


def _instant(day: date, offset: timedelta, zone: ZoneInfo) -> datetime:
    """Wall-clock time of a local day as an instant; 24:00 is the next day's midnight."""
    local = datetime.combine(day, time(0)) + offset
    return local.replace(tzinfo=zone).astimezone(UTC)


def _tile(
    intervals: Iterator[tuple[datetime, datetime]], first_day: date, last_day: date
) -> Iterator[tuple[datetime, datetime, bool, int]]:
    position = datetime.combine(first_day, time(0), UTC) - timedelta(days=1)
    end_of_time = datetime.combine(last_day, time(0), UTC) + timedelta(days=2)
    open_before = 0
    for start, end in intervals:
        for piece_start, piece_end in _split_at_midnight(position, start):
            yield piece_start, piece_end, False, open_before
        for piece_start, piece_end in _split_at_midnight(max(start, position), end):
            yield piece_start, piece_end, True, open_before
            open_before += int((piece_end - piece_start).total_seconds())
        position = max(position, end)
    for piece_start, piece_end in _split_at_midnight(position, end_of_time):
        yield piece_start, piece_end, False, open_before


def _split_at_midnight(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        midnight = datetime.combine(start.date() + timedelta(days=1), time(0), UTC)
        piece_end = min(midnight, end)
        yield start, piece_end
        start = piece_end
