"""Who needs what, when and where: rounds of conversations of a part's customers.

All customers have their first need, then those who come back have their second, and so on: whether
one comes back depends on how the conversation before went (`causes.py`), so the rounds follow each
other, while within a round all conversations are led at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipelines.sandbox import talks as t
from pipelines.sandbox.calendar import DAY, HOUR, NEVER, Ints, Shifts, WallClock, local_instant
from pipelines.sandbox.causes import Causes, Floats
from pipelines.sandbox.company import (
    BERLIN,
    BERLIN_ZONE_NAME,
    SALES,
    SUCCESSORS,
)
from pipelines.sandbox.dialogue import Dialogue
from pipelines.sandbox.people import People
from pipelines.sandbox.pools import SALES_TOPIC_COUNT, TOPICS, Pools
from pipelines.sandbox.rhythm import Rhythm
from pipelines.sandbox.talks import Log, Talks

AFTER_OURS: Final = 26 * HOUR
AFTER_NEGLECT: Final = 8 * DAY + 2 * HOUR
_AGAIN_SHARE: Final = 0.2  # of those who come back: the same need within the week
_LEAVING_SOON: Final = 12 * DAY


@dataclass(slots=True)
class Books:
    """What the company's world knows of each conversation, by column; arrays per round."""

    columns: dict[str, list[NDArray[Any]]]

    def add(self, **values: NDArray[Any]) -> None:
        """Take the conversations of a round."""
        for name, value in values.items():
            self.columns.setdefault(name, []).append(value)

    def joined(self) -> dict[str, NDArray[Any]]:
        """Return the conversations of all rounds."""
        return {name: np.concatenate(parts) for name, parts in self.columns.items()}


class Needs:
    """Leads all conversations of a part's customers between two instants."""

    def __init__(
        self,
        rng: np.random.Generator,
        people: People,
        shifts: Shifts,
        rhythm: Rhythm,
        clocks: tuple[WallClock, WallClock],
        causes: Causes,
        pools: Pools,
        end: int,
    ) -> None:
        self._rng = rng
        self._people = people
        self._rhythm = rhythm
        self._clocks = clocks
        self._causes = causes
        self._end = end
        self.log = Log()
        self.books = Books({})
        self._dialogue = Dialogue(rng, pools, shifts, clocks, causes, self.log)
        self._shifts = shifts
        self._skill = np.array([agent.skill for agent in shifts.agents])
        self._owners = _Owners(shifts)
        count = len(people)
        self._moscow_owner = rng.choice(shifts.by_team[SALES], size=count)
        self._berlin_owner = rng.choice(shifts.by_team[BERLIN], size=count)
        # Earliest next need of each customer in each kind of chat.
        self._ready = np.zeros((count, len(t.THREAD_KINDS)), dtype=np.int64)

    def lead_all(self) -> None:
        """Lead first needs, second needs, … until nobody comes back before the end."""
        rng, people = self._rng, self._people
        person = np.arange(len(people))
        at = people.arrived_at.copy()
        sells = rng.random(len(person)) < 0.6
        topic = self._topics(sells)
        avoided = np.full(len(person), -1, dtype=np.int64)
        while len(person):
            kind = self._kinds(person, topic < SALES_TOPIC_COUNT, avoided)
            at = np.maximum(at, self._ready[person, kind])
            kept = at <= self._end
            person, at, topic, kind = person[kept], at[kept], topic[kept], kind[kept]
            if not len(person):
                return
            talks, outcome = self._round(person, at, topic, kind)
            person, at, topic, avoided = self._next_needs(talks, outcome)

    def lead_group(self, kind: int, members: Ints, count: int, begin: int) -> None:
        """Lead the conversations of a group, one after the other; `members` are customers."""
        starts = np.sort(self._rng.integers(begin, self._end, size=count))
        hours = self._rng.integers(8, 20, size=count)
        starts = starts // DAY * DAY + hours * HOUR
        topic = self._topics(np.zeros(count, dtype=np.bool_))
        kinds = np.full(count, kind, dtype=np.int64)
        self._round(np.full(count, members[0]), starts, topic, kinds)

    def _round(
        self, person: Ints, at: Ints, topic: Ints, kind: Ints
    ) -> tuple[Talks, dict[str, NDArray[Any]]]:
        rng, people = self._rng, self._people
        base = np.where(t.IS_BERLIN[kind], self._berlin_owner[person], self._moscow_owner[person])
        has_owner = ~t.IS_GROUP[kind] & (kind != t.HELPDESK)
        owner = np.where(has_owner, self._owners.at(base, at), t.NOBODY)
        wants_to_buy = topic < SALES_TOPIC_COUNT
        talks = Talks(
            person=person,
            kind=kind,
            owner=owner,
            language=people.speaks_english[person].astype(np.int64),
            topic=topic,
            is_outbound=has_owner & (rng.random(len(person)) < 0.1),
            heat=rng.standard_normal(len(person)) * wants_to_buy,
            now=at.copy(),
        )
        self._dialogue.lead(talks)
        self.log.offset += len(talks)
        outcome = self._outcome(talks, at)
        self.books.add(
            person=person, kind=kind, owner=owner, topic=topic, is_outbound=talks.is_outbound,
            heat=talks.heat, waiting_since=talks.waiting_since,
            first_answered=talks.first_answered, first_agent=talks.first_agent,
            ends_waiting=talks.ends_waiting, bot_result=talks.bot_result, tone=talks.tone,
            begun=at, ended=talks.now.copy(), **outcome,
        )  # fmt: skip
        return talks, outcome

    def _outcome(self, talks: Talks, at: Ints) -> dict[str, NDArray[Any]]:
        """Draw who buys, by the stored chance."""
        rng, causes = self._rng, self._causes
        answered = (talks.first_answered >= 0) & (talks.first_answered <= self._end)
        wait: Floats = np.where(
            answered & (talks.waiting_since >= 0),
            np.maximum(talks.first_answered - talks.waiting_since, 0) / 60,
            np.nan,
        )
        hour = np.where(t.IS_BERLIN[talks.kind], self._clocks[1].hour(at), self._clocks[0].hour(at))
        has_script = rng.random(len(talks)) < causes.script_share
        skill = np.where(talks.first_agent >= 0, self._skill[talks.first_agent], 0.0)
        logit = causes.buy_logit_without_wait(
            talks.heat,
            skill,
            has_script.astype(np.float64),
            ((hour >= 22) | (hour < 7)).astype(np.float64),
        )
        can_buy = (
            (talks.topic < SALES_TOPIC_COUNT)
            & ~np.isnan(wait)
            & ~t.IS_GROUP[talks.kind]
            & self._people.has_contact[talks.person]
        )
        chance = np.where(can_buy, causes.buy_chance(logit, np.nan_to_num(wait)), 0.0)
        bought = rng.random(len(talks)) < chance
        lead = ~bought & can_buy & (rng.random(len(talks)) < causes.lead_without_purchase)
        suffered = np.where(
            np.isnan(wait),
            np.where(talks.ends_waiting, causes.back_unanswered_minutes, 0.0),
            wait,
        )
        return {
            "wait_minutes": wait, "has_script": has_script, "buy_logit_without_wait": logit,
            "can_buy": can_buy, "buy_chance": chance, "bought": bought, "became_lead": lead,
            "back_chance": causes.back_chance(suffered, bought.astype(np.float64)),
        }  # fmt: skip

    def _next_needs(
        self, talks: Talks, outcome: dict[str, NDArray[Any]]
    ) -> tuple[Ints, Ints, Ints, Ints]:
        rng, people = self._rng, self._people
        pause = np.where(talks.ends_waiting, AFTER_NEGLECT, AFTER_OURS)
        self._ready[talks.person, talks.kind] = talks.now + pause
        back = (rng.random(len(talks)) < outcome["back_chance"]) & (talks.now < self._end)
        rows = np.flatnonzero(back)
        person, now, topic = talks.person[rows], talks.now[rows], talks.topic[rows]
        neglected = talks.ends_waiting[rows]
        # Who got no answer in one messenger tries the other, if they have one.
        both = people.has_telegram[person] & people.has_whatsapp[person]
        turns = neglected & both & (rng.random(len(rows)) < 0.6)
        avoided = np.where(turns, t.IS_WHATSAPP[talks.kind[rows]].astype(np.int64), -1)
        again = turns | (rng.random(len(rows)) < _AGAIN_SHARE)
        soon = np.where(turns, rng.integers(HOUR, 20 * HOUR, size=len(rows)),
                        AFTER_OURS + rng.integers(0, 100 * HOUR, size=len(rows)))  # fmt: skip
        day = self._rhythm.day_of(now) + 2 + rng.exponential(30, len(rows)).astype(np.int64)
        later = self._rhythm.moments(
            rng, self._rhythm.prefer(rng, day), self._clocks, people.in_berlin[person]
        )
        at = np.where(again, now + soon, np.maximum(later, now + AFTER_OURS))
        sells = rng.random(len(rows)) < 0.45
        return person, at, np.where(again, topic, self._topics(sells)), avoided

    def _topics(self, sells: NDArray[np.bool_]) -> Ints:
        draw = self._rng.random(len(sells))
        sales = (draw * SALES_TOPIC_COUNT).astype(np.int64)
        service = SALES_TOPIC_COUNT + (draw * (len(TOPICS) - SALES_TOPIC_COUNT)).astype(np.int64)
        result: Ints = np.where(sells, sales, service)
        return result

    def _kinds(self, person: Ints, sells: NDArray[np.bool_], avoided: Ints) -> Ints:
        """In which kind of chat a need is told; `avoided` is 1 for WhatsApp, 0 for Telegram."""
        people, rng = self._people, self._rng
        telegram = people.has_telegram[person] & (
            ~people.has_whatsapp[person] | (rng.random(len(person)) < 0.5)
        )
        telegram = np.where(avoided >= 0, avoided == 1, telegram)
        in_helpdesk = rng.random(len(person)) < np.where(sells, 0.12, 0.72)
        moscow = np.where(telegram, np.where(in_helpdesk, t.HELPDESK, t.ACCOUNT), t.WHATSAPP)
        berlin = np.where(telegram, t.BERLIN_ACCOUNT, t.BERLIN_WHATSAPP)
        result: Ints = np.where(people.in_berlin[person], berlin, moscow)
        return result


class _Owners:
    """Whose chat it is at a moment: for who is away or about to leave, a successor's."""

    def __init__(self, shifts: Shifts) -> None:
        agents = shifts.agents
        self._from = np.array([_midnight(agent.joined, 0) for agent in agents])
        self._to = np.array([_midnight(agent.left, NEVER) for agent in agents])
        by_folder = {agent.folder: number for number, agent in enumerate(agents)}
        self._successor = np.array(
            [by_folder[SUCCESSORS.get(agent.folder, agent.folder)] for agent in agents]
        )

    def at(self, owner: Ints, at: Ints) -> Ints:
        away = (at < self._from[owner]) | (at > self._to[owner] - _LEAVING_SOON)
        result: Ints = np.where(away, self._successor[owner], owner)
        return result


def _midnight(day: date | None, default: int) -> int:
    if day is None:
        return default
    return local_instant(day, time(0), ZoneInfo(BERLIN_ZONE_NAME))
