"""Saying things in many conversations at once, and the passing of time in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from pipelines.sandbox import talks as t
from pipelines.sandbox.calendar import HOUR, Ints, Shifts, WallClock
from pipelines.sandbox.causes import Causes
from pipelines.sandbox.company import Agent
from pipelines.sandbox.people import Flags
from pipelines.sandbox.pools import EMPTY_LINE, Pools
from pipelines.sandbox.talks import Log, Talks

_LONGEST_PAUSE: Final = 19 * HOUR
_BURST: Final = 4


class Speech:
    """What customers, agents and the bot can do; rows are places in the current `Talks`."""

    def __init__(
        self,
        rng: np.random.Generator,
        pools: Pools,
        shifts: Shifts,
        clocks: tuple[WallClock, WallClock],
        causes: Causes,
        log: Log,
    ) -> None:
        self._rng = rng
        self._pools = pools
        self._shifts = shifts
        self._clocks = clocks
        self._causes = causes
        self._log = log
        agents: Sequence[Agent] = shifts.agents
        self._speed = np.array([agent.speed for agent in agents])
        self._talks: Talks

    # Saying

    def _customer(
        self,
        rows: Ints,
        kind: str,
        *,
        plain: bool = False,
        awaits: bool = True,
        by_topic: bool = False,
        sub: Ints | int = 0,
    ) -> None:
        talks = self._talks
        if awaits:
            fresh = rows[talks.waiting_since[rows] == t.NOT_YET]
            talks.waiting_since[fresh] = talks.now[fresh]
        line = self._draw(rows, kind, by_topic=by_topic, sub=sub)
        content: Ints | int = t.TEXT
        if not plain:
            roll = self._rng.random(len(rows))
            by_whatsapp = t.IS_WHATSAPP[talks.kind[rows]]
            content = np.select(
                [roll < 0.06, roll < 0.10, (roll < 0.105) & ~by_whatsapp],
                [t.VOICE, t.IMAGE, t.CONTACT],
                t.TEXT,
            )
            # An export without media drops the caption with the picture.
            mute = (content == t.VOICE) | (content == t.CONTACT)
            mute |= (content == t.IMAGE) & by_whatsapp
            line = np.where(mute, EMPTY_LINE, line)
        self._log.add(rows, talks.now[rows], t.CUSTOMER, line=line, content=content)
        talks.now[rows] += 1

    def _courtesy(self, rows: Ints) -> None:
        talks = self._talks
        line = self._draw(rows, "courtesy")
        self._log.add(rows, talks.now[rows], t.CUSTOMER, line=line, courtesy=True)
        talks.now[rows] += 1

    def _ours(
        self,
        rows: Ints,
        kind: str,
        *,
        by_topic: bool = False,
        rich: bool = False,
        template: bool = False,
    ) -> None:
        talks = self._talks
        line = self._draw(rows, kind, by_topic=by_topic)
        content: Ints | int = t.TEXT
        if rich:
            roll = self._rng.random(len(rows))
            content = np.select([roll < 0.03, roll < 0.05], [t.FILE, t.VOICE], t.TEXT)
            line = np.where(content != t.TEXT, EMPTY_LINE, line)
        self._log.add(
            rows, talks.now[rows], t.AGENT, line=line, agent=talks.agent[rows], content=content,
            template=template,
        )  # fmt: skip
        talks.now[rows] += 1

    def _by_bot(self, rows: Ints, kind: str, sub: Ints | int = 0) -> None:
        self._pause(rows, 1, 3)
        self._say(rows, t.BOT, kind, sub=sub)

    def _say(
        self,
        rows: Ints,
        author: int,
        kind: str | None,
        *,
        content: int = t.TEXT,
        sub: Ints | int = 0,
    ) -> None:
        line = EMPTY_LINE if kind is None else self._draw(rows, kind, sub=sub)
        self._log.add(rows, self._talks.now[rows], author, line=line, content=content)
        self._talks.now[rows] += 1

    def _event(self, rows: Ints, author: int, event: int) -> None:
        """A row that is no message, at the moment of what was said last."""
        agent = self._talks.agent[rows] if author == t.AGENT else t.NOBODY
        self._log.add(rows, self._talks.now[rows] - 1, author, agent=agent, event=event)

    def _draw(self, rows: Ints, kind: str, *, by_topic: bool = False, sub: Ints | int = 0) -> Ints:
        talks = self._talks
        return self._pools.draw(
            self._rng,
            kind,
            len(rows),
            talks.language[rows],
            talks.topic[rows] if by_topic else sub,
        )

    # Time and chance

    def _pause(self, rows: Ints, shortest: int, longest: int) -> None:
        self._talks.now[rows] += self._rng.integers(shortest, longest, size=len(rows))

    def _customer_pause(self, rows: Ints) -> None:
        rng, talks = self._rng, self._talks
        pause = np.minimum(rng.lognormal(5.6, 1.6, len(rows)), 61_000).astype(np.int64) + 3
        hour = self._hour(rows, ahead=pause)
        sleeps = (hour < 7) & (rng.random(len(rows)) < 0.85)
        pause += sleeps * ((7 - hour) * HOUR + rng.integers(0, 5_400, size=len(rows)))
        talks.now[rows] += np.minimum(pause, _LONGEST_PAUSE)

    def _hour(self, rows: Ints, ahead: Ints | int = 0) -> Ints:
        talks = self._talks
        at = talks.now[rows] + ahead
        moscow, berlin = self._clocks
        result: Ints = np.where(t.IS_BERLIN[talks.kind[rows]], berlin.hour(at), moscow.hour(at))
        return result

    def _some(self, rows: Ints, chance: float) -> Ints:
        picked: Flags = self._rng.random(len(rows)) < chance
        return rows[picked]

    def _repeat(self, rows: Ints, chance: float) -> Iterator[Ints]:
        """Yield ever fewer rows, as a burst goes on by chance."""
        for _ in range(_BURST):
            rows = self._some(rows, chance)
            if not len(rows):
                return
            yield rows
