"""When teams are open, agents are on shift, and what the clock on the wall says; on whole arrays.

Instants are UTC seconds since 1970 in int64 arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipelines.sandbox.company import TEAM_ZONES, Agent, DayHours, Holiday

Ints = NDArray[np.int64]

HOUR: Final = 3_600
DAY: Final = 86_400
NEVER: Final = 2**60
_AHEAD: Final = timedelta(days=30)


def seconds(at: datetime) -> int:
    """UTC seconds of an instant."""
    return int(at.timestamp())


def local_instant(day: date, clock: time, zone: ZoneInfo) -> int:
    """UTC seconds of a time on a local day."""
    return seconds(datetime.combine(day, clock, zone))


class WallClock:
    """Offsets of a zone, hour by hour, for whole arrays of instants."""

    def __init__(self, zone_name: str, first_day: date, until: date) -> None:
        zone = ZoneInfo(zone_name)
        self._first_hour = seconds(datetime.combine(first_day, time(0), UTC)) // HOUR - 48
        last = seconds(datetime.combine(until + _AHEAD, time(0), UTC)) // HOUR
        self._offsets = np.array(
            [
                int(datetime.fromtimestamp(hour * HOUR, zone).utcoffset().total_seconds())  # type: ignore[union-attr]
                for hour in range(self._first_hour, last)
            ],
            dtype=np.int64,
        )

    def local(self, at: Ints) -> Ints:
        """Seconds of the wall clock (as if it were UTC)."""
        hours = np.clip(at // HOUR - self._first_hour, 0, len(self._offsets) - 1)
        result: Ints = at + self._offsets[hours]
        return result

    def hour(self, at: Ints) -> Ints:
        """Local hour of the day, 0 to 23."""
        return self.local(at) % DAY // HOUR


class OpeningHours:
    """Opening hours of the teams by local day."""

    def __init__(self, hours: Sequence[DayHours], holidays: Sequence[Holiday]) -> None:
        self._hours = hours
        self._holidays = {(row.team, row.day): row for row in holidays}

    def of(self, team: str, day: date) -> tuple[time, time] | None:
        """Opening and closing time of a local day, null when closed."""
        holiday = self._holidays.get((team, day)) or self._holidays.get(("*", day))
        if holiday is not None:
            return (holiday.opens, holiday.closes) if holiday.opens and holiday.closes else None
        for row in self._hours:
            if (
                row.team == team
                and row.weekday == day.isoweekday()
                and row.valid_from <= day
                and (row.valid_to is None or day < row.valid_to)
            ):
                return (row.opens, row.closes)
        return None


class Shifts:
    """When each agent is on shift: their team's hours, their own, days off and sick days."""

    def __init__(
        self,
        agents: Sequence[Agent],
        opening: OpeningHours,
        sick: dict[str, set[date]],
        first_day: date,
        until: date,
    ) -> None:
        self.agents = list(agents)
        self._starts: list[Ints] = []
        self._ends: list[Ints] = []
        for agent in agents:
            zone = ZoneInfo(TEAM_ZONES[agent.team])
            pairs = []
            for offset in range(-2, (until - first_day).days + _AHEAD.days):
                day = first_day + timedelta(days=offset)
                hours = opening.of(agent.team, day)
                if hours is None or not _works(agent, day, sick[agent.agent_id]):
                    continue
                opens = local_instant(day, max(hours[0], agent.shift_start), zone)
                closes = local_instant(day, min(hours[1], agent.shift_end), zone)
                if opens < closes:
                    pairs.append((opens, closes))
            # The last interval never ends the search: nobody is on shift after it.
            pairs.append((NEVER, NEVER))
            self._starts.append(np.array([pair[0] for pair in pairs], dtype=np.int64))
            self._ends.append(np.array([pair[1] for pair in pairs], dtype=np.int64))
        self.by_team = {
            team: [n for n, agent in enumerate(agents) if agent.team == team] for team in TEAM_ZONES
        }

    def next_on_shift(self, agent: Ints, at: Ints) -> Ints:
        """First instants not before `at` at which the agents are on shift; `NEVER` if none."""
        result = np.empty_like(at)
        for number in np.unique(agent):
            rows = np.flatnonzero(agent == number)
            result[rows] = self._next_of(int(number), at[rows])
        return result

    def choose(self, team: str, at: Ints, rng: np.random.Generator) -> Ints:
        """Whose shift in a team comes first; among equals by chance."""
        numbers = self.by_team[team]
        moments = np.stack([self._next_of(number, at) for number in numbers]).astype(np.float64)
        moments += rng.random(moments.shape) * 0.9
        result: Ints = np.array(numbers, dtype=np.int64)[np.argmin(moments, axis=0)]
        return result

    def _next_of(self, number: int, at: Ints) -> Ints:
        ends = self._ends[number]
        place = np.minimum(np.searchsorted(ends, at, side="right"), len(ends) - 1)
        result: Ints = np.maximum(at, self._starts[number][place])
        return result


def _works(agent: Agent, day: date, sick: set[date]) -> bool:
    if (agent.joined and day < agent.joined) or (agent.left and day >= agent.left):
        return False
    if day in sick:
        return False
    return agent.rota is None or (day.toordinal() - agent.rota) % 3 != 0


def draw_sick_days(
    agents: Sequence[Agent], first_day: date, until: date, rng: np.random.Generator
) -> dict[str, set[date]]:
    """Each agent falls ill for one to three days about four times a year."""
    days = (until - first_day).days + 1
    found: dict[str, set[date]] = {}
    for agent in agents:
        starts = rng.integers(0, days, size=max(1, round(days / 90)))
        lengths = rng.integers(1, 4, size=len(starts))
        found[agent.agent_id] = {
            first_day + timedelta(days=int(start + offset))
            for start, length in zip(starts, lengths, strict=True)
            for offset in range(int(length))
        }
    return found
