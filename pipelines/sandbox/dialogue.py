"""How conversations go: who writes what and when, for all conversations of a round at once.

Boundaries stay certain by construction: a customer's reply to us comes within 20 hours, ours may
take longer only while the customer waits (less than seven days), and the last message is ours, a
courtesy, or the customer's who is never answered. The caller keeps the distance to the next need.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pipelines.sandbox import talks as t
from pipelines.sandbox import texts
from pipelines.sandbox.calendar import HOUR, Ints
from pipelines.sandbox.company import SUPPORT
from pipelines.sandbox.pools import SALES_TOPIC_COUNT
from pipelines.sandbox.speech import Speech
from pipelines.sandbox.talks import Talks

NEGLECT_FIRST: Final = 0.06
NEGLECT_LATER: Final = 0.02
LONGEST_WAIT: Final = 6 * 24 * HOUR
_ROUNDS: Final = 9


class Dialogue(Speech):
    """Leads the conversations of `Talks` into a `Log`."""

    def lead(self, talks: Talks) -> None:
        """Lead each conversation to its end; `talks.now` is then the moment of its last event."""
        self._talks = talks
        every = np.arange(len(talks))
        outbound = every[talks.is_outbound]
        by_bot = every[~talks.is_outbound & (talks.kind == t.HELPDESK)]
        direct = every[~talks.is_outbound & (talks.kind != t.HELPDESK)]
        served = np.concatenate([self._direct(direct), self._bot(by_bot), self._outbound(outbound)])
        self._serve(served)

    # Openings: each returns the conversations in which a customer now awaits a human

    def _direct(self, rows: Ints) -> Ints:
        greeting = self._some(rows, 0.15)
        self._customer(greeting, "greeting", plain=True)
        self._pause(greeting, 5, 40)
        self._customer(rows, "question", by_topic=True)
        for more in self._repeat(rows, 0.28):
            self._pause(more, 4, 70)
            self._customer(more, "addition")
        return rows

    def _outbound(self, rows: Ints) -> Ints:
        talks = self._talks
        talks.now[rows] = self._shifts.next_on_shift(talks.owner[rows], talks.now[rows])
        self._pause(rows, 5, 5_000)
        by_template = t.IS_WHATSAPP[talks.kind[rows]] & (self._rng.random(len(rows)) < 0.6)
        self._ours(rows[by_template], "template", template=True)
        self._ours(rows[~by_template], "outbound")
        answered = self._rng.random(len(rows)) < 0.4
        insisting = self._some(rows[~answered], 0.2)
        self._pause(insisting, HOUR, 60_000)
        self._ours(insisting, "agent_addition")
        rows = rows[answered]
        self._customer_pause(rows)
        self._customer(rows, "outbound_reply", plain=True)
        return rows

    def _bot(self, rows: Ints) -> Ints:
        talks = self._talks
        starts = self._rng.random(len(rows)) < 0.3
        self._customer(rows[starts], "start", plain=True, awaits=False)
        self._customer(rows[~starts], "question", by_topic=True, plain=True, awaits=False)
        self._by_bot(rows, "bot_menu")
        way = self._rng.random(len(rows))
        contained, lost = rows[way < 0.45], rows[(way >= 0.45) & (way < 0.6)]
        escalated = rows[way >= 0.6]
        talks.bot_result[contained] = 0
        talks.bot_result[escalated] = 1
        talks.bot_result[lost] = 2
        self._press_button(contained)
        self._press_button(self._some(contained, 0.25))
        self._by_bot(self._some(contained, 0.4), "bot_more")
        thanking = self._some(contained, 0.5)
        self._pause(thanking, 10, 90)
        self._courtesy(thanking)
        self._misunderstood(lost)
        self._misunderstood(self._some(lost, 0.4))
        self._press_button(self._some(escalated, 0.35))
        self._misunderstood(self._some(escalated, 0.4))
        self._hand_off(escalated)
        return escalated

    def _press_button(self, rows: Ints) -> None:
        self._pause(rows, 6, 60)
        button = self._rng.integers(0, len(texts.BOT_BUTTONS), size=len(rows))
        self._customer(rows, "button", plain=True, awaits=False, sub=button)
        self._by_bot(rows, "button_answer", sub=button)

    def _misunderstood(self, rows: Ints) -> None:
        self._pause(rows, 10, 120)
        self._customer(rows, "odd", plain=True, awaits=False)
        self._by_bot(rows, "bot_fallback")
        self._event(rows, t.BOT, t.BOT_FALLBACK)

    def _hand_off(self, rows: Ints) -> None:
        talks = self._talks
        self._pause(rows, 5, 60)
        self._customer(rows, "handoff_request", plain=True, awaits=False)
        self._event(rows, t.CUSTOMER, t.HANDOFF_REQUESTED)
        self._by_bot(rows, "bot_handoff")
        self._event(rows, t.BOT, t.HANDOFF)
        self._pause(rows, 8, 60)
        self._customer(rows, "question", by_topic=True)
        talks.agent[rows] = self._shifts.choose(SUPPORT, talks.now[rows], self._rng)
        free_at = self._shifts.next_on_shift(talks.agent[rows], talks.now[rows])
        shut = rows[free_at > talks.now[rows]]
        self._pause(shut, 2, 3)
        self._say(shut, t.AUTO_REPLY, "auto_reply")

    # From a waiting customer to the end

    def _serve(self, rows: Ints) -> None:
        talks = self._talks
        first = True
        for _ in range(_ROUNDS):
            patient = talks.is_outbound[rows] if first else np.zeros(len(rows), dtype=np.bool_)
            chance = np.where(patient, 0.0, NEGLECT_FIRST if first else NEGLECT_LATER)
            neglected = self._rng.random(len(rows)) < chance
            self._neglect(rows[neglected])
            rows = self._answer(rows[~neglected], first=first)
            first = False
            goes_on = self._rng.random(len(rows)) < 0.52
            self._farewell(rows[~goes_on])
            rows = rows[goes_on]
            self._customer_pause(rows)
            self._follow_up(rows)
        self._neglect(rows)

    def _answer(self, rows: Ints, *, first: bool) -> Ints:
        """Answer those whom somebody can answer in time; the others are neglected."""
        talks = self._talks
        unowned = talks.owner[rows] == t.NOBODY
        new = unowned if first else unowned & (self._rng.random(len(rows)) < 0.15)
        for team in (t.KIND_TEAMS[t.GROUP], t.KIND_TEAMS[t.WHATSAPP_GROUP]):
            of_team = np.array([name == team for name in t.KIND_TEAMS])[talks.kind[rows]]
            # A hand-off has chosen the helpdesk's agent already.
            chosen = rows[new & of_team & ~((talks.agent[rows] >= 0) & first)]
            talks.agent[chosen] = self._shifts.choose(team, talks.now[chosen], self._rng)
        reply_at = self._reply_at(rows, first=first)
        too_late = reply_at - talks.now[rows] > LONGEST_WAIT
        self._neglect(rows[too_late])
        rows, reply_at = rows[~too_late], reply_at[~too_late]
        for _ in range(2):
            span = reply_at - talks.now[rows]
            nudging = (span > 2_400) & (self._rng.random(len(rows)) < 0.12)
            pause = 900 + self._rng.random(nudging.sum()) * (span[nudging] * 0.8 - 900)
            talks.now[rows[nudging]] += pause.astype(np.int64)
            self._customer(rows[nudging], "nudge", plain=True)
        talks.now[rows] = np.maximum(reply_at, talks.now[rows] + 1)
        self._note_answer(rows)
        self._ours(rows, "first_answer" if first else "answer", by_topic=True, rich=True)
        for more in self._repeat(rows, 0.2):
            self._pause(more, 6, 90)
            self._ours(more, "agent_addition")
        private = ~t.IS_GROUP[talks.kind[rows]] & (talks.kind[rows] != t.HELPDESK)
        calling = self._some(rows[private], 0.015)
        self._pause(calling, 60, 400)
        self._log.add(calling, talks.now[calling], t.SYSTEM, event=t.SERVICE, action=0)
        notified = self._some(rows[t.IS_WHATSAPP[talks.kind[rows]] & private], 0.04)
        self._pause(notified, 600, 7_000)
        self._ours(notified, "notice", template=True)
        return rows

    def _note_answer(self, rows: Ints) -> None:
        talks = self._talks
        fresh = rows[talks.first_answered[rows] == t.NOT_YET]
        talks.first_answered[fresh] = talks.now[fresh]
        talks.first_agent[fresh] = talks.agent[fresh]

    def _reply_at(self, rows: Ints, *, first: bool) -> Ints:
        talks, rng = self._talks, self._rng
        now, agent = talks.now[rows], talks.agent[rows]
        hour = self._hour(rows)
        delay = rng.lognormal(0, 1.05, len(rows)) * (330.0 if first else 140.0)
        wants_to_buy = talks.topic[rows] < SALES_TOPIC_COUNT
        delay *= np.exp(-self._causes.priority * talks.heat[rows] * wants_to_buy)
        delay *= np.where((hour >= 11) & (hour <= 13), 1.6, 1.0) / self._speed[agent]
        delay = np.clip(delay, 4.0, 5.0 * HOUR)
        starts = self._shifts.next_on_shift(agent, now)
        at = starts + delay.astype(np.int64) + 1
        resumed = self._shifts.next_on_shift(agent, at)
        late = (np.minimum(delay, 1_800) * rng.random(len(rows))).astype(np.int64) + 1
        at = np.where(resumed > at, resumed + late, at)
        # A few diligent people answer from home.
        from_home = (hour >= 7) & (hour < 23) & (rng.random(len(rows)) < 0.03)
        from_home &= starts - now < LONGEST_WAIT
        result: Ints = np.where(from_home, now + (delay * 2).astype(np.int64) + 1, at)
        return result

    def _follow_up(self, rows: Ints) -> None:
        talks, rng = self._talks, self._rng
        polite = self._some(rows, 0.06)
        self._courtesy(polite)
        self._pause(polite, 5, 200)
        waited = (talks.first_answered[rows] - talks.waiting_since[rows]) > 4 * HOUR
        mood = rng.random(len(rows))
        angry = mood < np.where(waited, 0.2, 0.05)
        pleased = mood > np.where(waited, 0.98, 0.92)
        sticker = self._some(rows, 0.03)
        self._say(sticker, t.CUSTOMER, None, content=t.STICKER)
        self._pause(sticker, 2, 20)
        self._customer(rows[angry], "complaint")
        self._customer(rows[pleased], "praise")
        self._customer(rows[~angry & ~pleased], "follow_up")
        talks.tone[rows[angry]] = -1
        talks.tone[rows[pleased]] = 1
        for more in self._repeat(rows, 0.15):
            self._pause(more, 4, 60)
            self._customer(more, "addition")

    def _neglect(self, rows: Ints) -> None:
        """Nobody answers any more; a few say thanks for nothing, or somebody closes the case."""
        talks = self._talks
        talks.ends_waiting[rows] = True
        resigned = self._rng.random(len(rows)) < 0.12
        self._pause(rows[resigned], 20, 400)
        self._courtesy(rows[resigned])
        rows = rows[~resigned]
        for more in self._repeat(rows, 0.35):
            self._pause(more, 1_800, 60_000)
            self._customer(more, "nudge", plain=True)
        closable = (talks.kind[rows] == t.HELPDESK) | (t.IS_WHATSAPP[talks.kind[rows]])
        closed = self._some(rows[closable], 0.2)
        self._pause(closed, 20 * HOUR, 60 * HOUR)
        self._event(closed, t.SYSTEM, t.CLOSE)
        talks.may_be_followed[closed] = False

    def _farewell(self, rows: Ints) -> None:
        talks = self._talks
        way = self._rng.random(len(rows))
        first = rows[(way >= 0.25) & (way < 0.45)]
        self._pause(first, 20, 900)
        self._ours(first, "agent_closing")
        thanking = rows[(way >= 0.25) & (way < 0.85)]
        self._pause(thanking, 10, 3_000)
        self._courtesy(thanking)
        last = rows[way > 0.65]
        self._pause(last, 10, 600)
        self._ours(last, "agent_closing")
        stating = rows[(way < 0.25) & (talks.kind[rows] == t.HELPDESK)]
        stating = self._some(stating, 0.25)
        self._pause(stating, 30, 3_000)
        self._customer(stating, "statement", plain=True)
        self._pause(stating, 60, 3_000)
        self._event(stating, t.AGENT, t.NO_REPLY_NEEDED)
        # Where that event is not exported the customer still seems to wait.
        talks.ends_waiting[stating] = True
        open_still = rows[~talks.ends_waiting[rows]]
        self._close_some(open_still)
        followed = self._some(open_still[talks.may_be_followed[open_still]], 0.03)
        self._pause(followed, 25 * HOUR, 44 * HOUR)
        self._courtesy(followed)

    def _close_some(self, rows: Ints) -> None:
        talks = self._talks
        kind = talks.kind[rows]
        chance = np.where(kind == t.HELPDESK, 0.55, np.where(t.IS_WHATSAPP[kind], 0.2, 0.0))
        chance[t.IS_GROUP[kind]] = 0.0
        closed = rows[self._rng.random(len(rows)) < chance]
        self._pause(closed, 600, 20_000)
        self._event(closed, t.SYSTEM, t.CLOSE)
        talks.may_be_followed[closed] = False
        after = self._rng.random(len(closed))
        goodbye = closed[after < 0.06]
        self._pause(goodbye, 30, 900)
        self._ours(goodbye, "agent_closing")
        thanking = closed[(after < 0.03) | (after > 0.9)]
        self._pause(thanking, 30, 3_000)
        self._courtesy(thanking)
