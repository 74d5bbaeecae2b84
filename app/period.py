"""Periods: what a preset means, what a period is compared with, how it is cut for a trend.

Days are the company's own local dates; both ends of a period belong to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

Grain = Literal["day", "week", "month"]
Preset = Literal["7d", "30d", "90d", "365d", "month", "previous_month", "all", "custom"]

PRESETS: Final[tuple[Preset, ...]] = (
    "7d", "30d", "90d", "365d", "month", "previous_month", "all", "custom",
)  # fmt: skip
DEFAULT_PRESET: Final[Preset] = "30d"
GRAINS: Final[tuple[Grain, ...]] = ("day", "week", "month")
_DAILY_UP_TO = 45
_WEEKLY_UP_TO = 210


@dataclass(frozen=True)
class Period:
    """Days from `start` to `end`, both included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """Length in days."""
        return (self.end - self.start).days + 1

    def previous(self) -> Period:
        """Return the period of equal length that ends the day before this one."""
        return Period(self.start - timedelta(days=self.days), self.start - timedelta(days=1))

    def natural_grain(self) -> Grain:
        """Return the grain at which a trend of this period has a readable number of points."""
        if self.days <= _DAILY_UP_TO:
            return "day"
        return "week" if self.days <= _WEEKLY_UP_TO else "month"


def resolve(
    preset: Preset, known: Period, chosen: tuple[date | None, date | None] = (None, None)
) -> Period:
    """Return the days a preset stands for.

    Presets end at the last day that has data, not today: a screen of an imported archive would
    be empty otherwise.

    Args:
        known: first and last day with data.
        chosen: the two days of the preset `custom`; swapped ones are put in order.
    """
    last = known.end
    if preset == "custom":
        start, end = chosen[0] or known.start, chosen[1] or last
        return Period(min(start, end), max(start, end))
    if preset == "all":
        return known
    if preset == "month":
        return Period(last.replace(day=1), last)
    if preset == "previous_month":
        end_of_previous = last.replace(day=1) - timedelta(days=1)
        return Period(end_of_previous.replace(day=1), end_of_previous)
    return Period(last - timedelta(days=int(preset.removesuffix("d")) - 1), last)


def buckets(period: Period, grain: Grain) -> Iterator[date]:
    """Yield the first day of every day, ISO week or month that the period touches."""
    current = bucket_of(period.start, grain)
    while current <= period.end:
        yield current
        current = _next(current, grain)


def bucket_of(day: date, grain: Grain) -> date:
    """Return the first day of the bucket that holds the day."""
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if grain == "month" else day


def last_day(bucket: date, grain: Grain) -> date:
    """Return the last day of the bucket that starts at `bucket`."""
    return _next(bucket, grain) - timedelta(days=1)


def _next(bucket: date, grain: Grain) -> date:
    if grain == "month":
        return (bucket.replace(day=28) + timedelta(days=4)).replace(day=1)
    return bucket + timedelta(days=7 if grain == "week" else 1)
