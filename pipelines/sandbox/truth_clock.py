"""Working time between two instants, counted from the schedules by plain loops."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pipelines.sandbox.company import TEAM_ZONES, DayHours, Holiday


class WorkingTime:
    """Open seconds of one team; instants are UTC seconds since 1970."""

    def __init__(
        self,
        team: str,
        hours: list[DayHours],
        holidays: list[Holiday],
        first_day: date,
        last_day: date,
    ) -> None:
        zone = ZoneInfo(TEAM_ZONES[team])
        self._opens: list[int] = []
        self._closes: list[int] = []
        self._before: list[int] = []  # open seconds before each interval
        total = 0
        day = first_day
        while day <= last_day:
            found = _hours_of(team, day, hours, holidays)
            if found:
                opens = int(datetime.combine(day, found[0], zone).timestamp())
                closes = int(datetime.combine(day, found[1], zone).timestamp())
                self._opens.append(opens)
                self._closes.append(closes)
                self._before.append(total)
                total += closes - opens
            day += timedelta(days=1)

    def elapsed(self, at: int) -> int:
        """Open seconds from the beginning of the calendar up to an instant."""
        place = bisect_right(self._opens, at) - 1
        if place < 0:
            return 0
        return self._before[place] + min(at, self._closes[place]) - self._opens[place]

    def between(self, earlier: int, later: int) -> int:
        """Open seconds between two instants."""
        return self.elapsed(later) - self.elapsed(earlier)

    def due(self, since: int, allowed: int) -> int:
        """The first instant at which so many open seconds have passed."""
        goal = self.elapsed(since) + allowed
        place = bisect_right(self._before, goal) - 1
        # A goal at the very end of a day is reached at its close, not at the next opening.
        while place > 0 and self._before[place] == goal:
            place -= 1
        return self._opens[place] + goal - self._before[place]


def _hours_of(
    team: str, day: date, hours: list[DayHours], holidays: list[Holiday]
) -> tuple[time, time] | None:
    """Opening hours of a local day: the team's holiday, one for all teams, else the weekday's."""
    for whose in (team, "*"):
        for holiday in holidays:
            if holiday.team == whose and holiday.day == day:
                if holiday.opens is None or holiday.closes is None:
                    return None
                return holiday.opens, holiday.closes
    for row in hours:
        valid = row.valid_from <= day and (row.valid_to is None or day < row.valid_to)
        if row.team == team and row.weekday == day.isoweekday() and valid:
            return row.opens, row.closes
    return None
