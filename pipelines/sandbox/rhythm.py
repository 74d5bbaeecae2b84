"""When customers write: seasons, weekdays, holidays, hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.sandbox.calendar import DAY, HOUR, Ints, WallClock
from pipelines.sandbox.company import Holiday

# Chance weights of customers' messages by local hour and weekday.
HOUR_WEIGHTS: Final = (
    4, 3, 2, 1, 1, 2, 6, 16, 40, 72, 92, 96, 86, 82, 84, 84, 80, 76, 62, 50, 42, 34, 22, 10,
)  # fmt: skip
WEEKDAY_WEIGHTS: Final = (1.25, 1.15, 1.1, 1.05, 1.1, 0.8, 0.65)
_HOLIDAY_WEIGHT: Final = 0.45
_GROWTH: Final = 0.6  # how much busier the last day is than the first
_YEARLY: Final = 0.25  # how much busier December is than the year, June less busy


class Rhythm:
    """When customers write: seasons, weekdays, holidays, hours; days count from `first_day`."""

    def __init__(self, first_day: date, until: date, holidays: Sequence[Holiday]) -> None:
        closed = {row.day for row in holidays}
        days = [first_day + timedelta(days=n) for n in range((until - first_day).days + 1)]
        weights = np.array(
            [
                WEEKDAY_WEIGHTS[day.weekday()]
                * (_HOLIDAY_WEIGHT if day in closed else 1.0)
                * (1 + _YEARLY * np.cos(2 * np.pi * (day.timetuple().tm_yday + 15) / 365))
                for day in days
            ]
        )
        self._growing = weights * (1 + _GROWTH * np.arange(len(days)) / len(days))
        self._inviting = weights / weights.max()
        self._hours = np.cumsum(HOUR_WEIGHTS) / sum(HOUR_WEIGHTS)
        self._first = first_day.toordinal() - date(1970, 1, 1).toordinal()

    def arrivals(self, rng: np.random.Generator, count: int) -> Ints:
        """Days on which new customers come, in no order."""
        cumulated = np.cumsum(self._growing) / self._growing.sum()
        day: Ints = np.searchsorted(cumulated, rng.random(count)).astype(np.int64)
        return day

    def prefer(self, rng: np.random.Generator, day: Ints) -> Ints:
        """Move days that fall on weekends and holidays, by chance, to the next ones."""
        day = day.copy()
        for _ in range(4):
            inside = np.clip(day, 0, len(self._inviting) - 1)
            day += rng.random(len(day)) > self._inviting[inside] * 1.2
        return day

    def moments(
        self, rng: np.random.Generator, day: Ints, clocks: tuple[WallClock, WallClock],
        in_berlin: NDArray[np.bool_],
    ) -> Ints:  # fmt: skip
        """Instants on local days, by the hours at which people write."""
        hour = np.searchsorted(self._hours, rng.random(len(day)))
        local = (self._first + day) * DAY + hour * HOUR + rng.integers(0, HOUR, size=len(day))
        # The offset is looked up as if the wall clock were UTC: near enough to choose the hour.
        moscow, berlin = (2 * local - clock.local(local) for clock in clocks)
        result: Ints = np.where(in_berlin, berlin, moscow)
        return result

    def day_of(self, at: Ints) -> Ints:
        """Number of the day of an instant (UTC, to count days from)."""
        result: Ints = at // DAY - self._first
        return result
