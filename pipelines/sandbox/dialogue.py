"""How a conversation goes: who writes what and when.

Boundaries stay certain by construction: a customer's reply to us comes within 20 hours, ours may
take longer only while the customer waits (less than seven days), and the last message is ours, a
courtesy, or the customer's who is never answered. The caller keeps the distance to the next one.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from pipelines.sandbox import texts
from pipelines.sandbox.company import SUPPORT, Calendar
from pipelines.sandbox.model import (
    ZONE,
    Agent,
    AuthorType,
    ContentType,
    Conversation,
    Customer,
    Message,
    Thread,
)

LONGEST_CUSTOMER_PAUSE: Final = timedelta(hours=19)
NEGLECT_FIRST: Final = 0.06
NEGLECT_LATER: Final = 0.02
# Auto-replies and service rows are nobody's turn.
SPEAKERS: Final = ("customer", "agent", "bot")


class Talk:
    """Writes one conversation of a thread into `messages`, in the order of time."""

    def __init__(
        self,
        rng: random.Random,
        calendar: Calendar,
        *,
        thread: Thread,
        people: list[Customer],
        agents: list[Agent],
        topic: str,
        start: datetime,
        record: Callable[[Message, int | None], int],
    ) -> None:
        self._rng = rng
        self._calendar = calendar
        self._thread = thread
        self._people = people
        self._agents = agents
        self._topic = topic
        self._record = record
        self.now = start
        self.messages: list[Message] = []
        self._last_of: dict[str, int] = {}
        self._agent = agents[0]
        person = people[0]
        self._writer = texts.Writer(
            rng, person.language, name=person.name, agent=self._agent.name, phone=person.phone,
            email=person.email or "zakaz@zerno-par.example",
        )  # fmt: skip

    def direct(self) -> None:
        """The customer asks people: question, answers, further turns, farewell."""
        if self._rng.random() < 0.15:
            self._customer(self._writer.greeting(), plain=True)
            self._pause(5, 40)
        self._ask()
        self._serve(NEGLECT_FIRST)

    def outbound(self, *, answered: bool) -> None:
        """We write first; the customer answers within a day or does not."""
        self._say("agent", self._writer.agent(texts.OUTBOUND))
        if not answered:
            if self._rng.random() < 0.2:
                self._pause(3_600, 60_000)
                self._say("agent", self._writer.agent(texts.AGENT_ADDITIONS))
            return
        self._customer_pause()
        self._customer(self._writer.customer(texts.OUTBOUND_REPLIES), plain=True)
        self._serve(0.0)

    def bot(self) -> str:
        """The bot meets the customer; returns contained, escalated or abandoned."""
        rng = self._rng
        if rng.random() < 0.3:
            self._customer("/start", plain=True, awaits=False)
        else:
            opening = self._writer.question(self._topic)
            self._customer(opening, plain=True, awaits=False)
        self._bot(texts.BOT_MENU)
        way = rng.random()
        if way < 0.45:
            for _ in range(1 if rng.random() < 0.75 else 2):
                self._press_button()
            if rng.random() < 0.4:
                self._bot(texts.BOT_MORE)
            if rng.random() < 0.5:
                self._pause(10, 90)
                self._customer(self._writer.courtesy(), plain=True, courtesy=True)
            return "contained"
        if way < 0.6:
            for _ in range(1 if rng.random() < 0.6 else 2):
                self._misunderstood()
            return "abandoned"
        if rng.random() < 0.35:
            self._press_button()
        if rng.random() < 0.4:
            self._misunderstood()
        self._hand_off()
        return "escalated"

    def _press_button(self) -> None:
        self._pause(6, 60)
        button = self._rng.choice(list(texts.BOT_BUTTONS))
        self._customer(button, plain=True, awaits=False)
        self._bot(texts.BOT_BUTTONS[button])

    def _misunderstood(self) -> None:
        self._pause(10, 120)
        line = self._writer.customer(texts.ODD_QUESTIONS)
        self._customer(line, plain=True, awaits=False)
        self._bot(self._rng.choice(texts.BOT_FALLBACKS), fallback=True)

    def _hand_off(self) -> None:
        self._pause(5, 60)
        self._customer(self._rng.choice(texts.HANDOFF_REQUESTS), plain=True, awaits=False)
        self._bot(texts.BOT_HANDOFF, handoff=True)
        self._pause(8, 60)
        self._customer(self._writer.question(self._topic), plain=True)
        if not self._calendar.is_open(SUPPORT, self.now):
            self._pause(2, 3)
            self._say("auto_reply", texts.AUTO_REPLY)
        self._choose_agent_on_duty()
        self._serve(NEGLECT_FIRST)

    def _ask(self) -> None:
        rng = self._rng
        self._customer(self._writer.question(self._topic))
        while rng.random() < 0.28:
            self._pause(4, 70)
            self._customer(self._writer.customer(texts.ADDITIONS))

    def _serve(self, neglect: float) -> None:
        """From a waiting customer to the end of the conversation."""
        rng = self._rng
        if rng.random() < neglect:
            self._nudge_in_vain()
            return
        self._answer(first=True)
        while rng.random() < 0.52:
            self._customer_pause()
            self._follow_up()
            if rng.random() < NEGLECT_LATER:
                self._nudge_in_vain()
                return
            self._answer(first=False)
        self._farewell()

    def _follow_up(self) -> None:
        rng = self._rng
        if rng.random() < 0.06:
            self._customer(self._writer.courtesy(), plain=True, courtesy=True)
            self._pause(5, 200)
        mood = rng.random()
        lines = texts.COMPLAINTS if mood < 0.07 else texts.PRAISE if mood > 0.93 else None
        if rng.random() < 0.03:
            self._customer("", content="sticker")
            self._pause(2, 20)
        self._customer(self._writer.follow_up(lines or texts.FOLLOW_UPS))
        while rng.random() < 0.15:
            self._pause(4, 60)
            self._customer(self._writer.customer(texts.ADDITIONS))

    def _nudge_in_vain(self) -> None:
        while self._rng.random() < 0.35:
            self._pause(1_800, 60_000)
            self._customer(self._writer.customer(texts.NUDGES), plain=True)

    def _answer(self, *, first: bool) -> None:
        rng = self._rng
        reply_at = self._reply_time(first=first)
        while reply_at - self.now > timedelta(minutes=40) and rng.random() < 0.12:
            span = (reply_at - self.now).total_seconds()
            self._pause(900, int(span * 0.8))
            self._customer(self._writer.customer(texts.NUDGES), plain=True)
        self.now = reply_at
        content: ContentType = "text"
        roll = rng.random()
        if roll < 0.03:
            content = "file"
        elif roll < 0.05:
            content = "voice"
        text = self._writer.answer(self._topic, first=first)
        self._say("agent", "" if content == "voice" else text, content=content)
        while rng.random() < 0.2:
            self._pause(6, 90)
            self._say("agent", self._writer.agent(texts.AGENT_ADDITIONS))
        if self._thread.kind in ("account", "whatsapp") and rng.random() < 0.015:
            self._pause(60, 400)
            self._say("system", "", action="phone_call")
        if self._thread.kind in ("helpdesk", "group", "whatsapp_group") and rng.random() < 0.15:
            self._choose_agent_on_duty()

    def _farewell(self) -> None:
        rng = self._rng
        way = rng.random()
        if way < 0.25:
            return
        if way < 0.45:
            self._pause(20, 900)
            self._say("agent", self._writer.agent(texts.AGENT_CLOSINGS))
        if way < 0.85:
            self._pause(10, 3_000)
            self._customer(self._writer.courtesy(), plain=True, courtesy=True)
        if way > 0.65:
            self._pause(10, 600)
            content: ContentType = "sticker" if rng.random() < 0.05 else "text"
            text = "" if content == "sticker" else self._writer.agent(texts.AGENT_CLOSINGS)
            self._say("agent", text, content=content)

    def _reply_time(self, *, first: bool) -> datetime:
        rng = self._rng
        typical = 330.0 if first else 140.0
        delay = rng.lognormvariate(0, 1.05) * typical / self._agent.speed
        local = self.now.astimezone(ZONE)
        if local.hour in (11, 12, 13):
            delay *= 1.6
        delay = min(max(delay, 4.0), 5 * 3_600)
        if 7 <= local.hour < 23 and rng.random() < 0.03:
            return self.now + timedelta(seconds=int(delay * 2) + 1)
        at = self._calendar.next_on_shift(self._agent, self.now) + timedelta(seconds=int(delay) + 1)
        resumed = self._calendar.next_on_shift(self._agent, at)
        if resumed > at:
            at = resumed + timedelta(seconds=int(min(delay, 1_800) * rng.random()) + 1)
        return at

    def _choose_agent_on_duty(self) -> None:
        """Take the one whose shift comes first; among equals by chance."""
        free = [(self._calendar.next_on_shift(agent, self.now), agent) for agent in self._agents]
        soonest = min(at for at, _ in free)
        self._agent = self._rng.choice([agent for at, agent in free if at == soonest])

    def _customer_pause(self) -> None:
        rng = self._rng
        pause = timedelta(seconds=int(min(rng.lognormvariate(5.6, 1.6), 61_000)) + 3)
        local = (self.now + pause).astimezone(ZONE)
        if local.hour < 7 and rng.random() < 0.85:
            pause += timedelta(hours=7 - local.hour, minutes=rng.randrange(90))
        self.now += min(pause, LONGEST_CUSTOMER_PAUSE)

    def _pause(self, shortest: int, longest: int) -> None:
        self.now += timedelta(seconds=self._rng.randrange(shortest, max(longest, shortest + 1)))

    def _bot(self, text: str, *, fallback: bool = False, handoff: bool = False) -> None:
        self._pause(1, 3)
        self._say("bot", text, fallback=fallback, handoff=handoff)

    def _customer(
        self,
        text: str,
        *,
        plain: bool = False,
        awaits: bool = True,
        courtesy: bool = False,
        content: ContentType = "text",
    ) -> None:
        rng = self._rng
        roll = rng.random()
        if not plain and content == "text":
            if roll < 0.06:
                content, text = "voice", ""
            elif roll < 0.10:
                content = "image"
            elif roll < 0.105 and self._thread.source == "telegram":
                content, text = "contact", ""
        person = self._people[0]
        if len(self._people) > 1 and self.messages and rng.random() < 0.3:
            person = rng.choice(self._people)
        self._say(
            "customer", text, content=content, person=person,
            courtesy=courtesy, awaits=awaits and not courtesy,
        )  # fmt: skip

    def _say(
        self,
        author: AuthorType,
        text: str,
        *,
        content: ContentType = "text",
        person: Customer | None = None,
        action: str | None = None,
        courtesy: bool = False,
        awaits: bool = False,
        fallback: bool = False,
        handoff: bool = False,
    ) -> None:
        rng = self._rng
        is_telegram = self._thread.source == "telegram"
        if content != "text" and not is_telegram and not self._thread.with_media:
            text = ""  # an export without media drops the caption with the picture
        message = Message(
            message_id="",
            thread_id=self._thread.thread_id,
            native_id=0,
            source=self._thread.source,
            sent_at=self.now,
            author_type=author,
            agent_id=self._agent.agent_id if author == "agent" else None,
            customer_id=person.customer_id if person else None,
            content_type=content,
            text=text,
            action=action,
            is_courtesy=courtesy,
            awaits_human=awaits,
            is_bot_fallback=fallback,
            is_handoff=handoff,
        )
        answers = None
        if author in ("customer", "agent") and content == "text" and not courtesy:
            if rng.random() < 0.025:
                message.edited_at = self.now + timedelta(seconds=rng.randrange(6, 150))
            if is_telegram and rng.random() < 0.07:
                answers = self._last_of.get("agent" if author == "customer" else "customer")
            if is_telegram and author == "agent" and rng.random() < 0.02:
                message.reaction = rng.choice(("👍", "❤", "🔥"))
        self._last_of[author] = self._record(message, answers)
        self.messages.append(message)
        self._pause(1, 2)


def describe(
    conversation_id: str, thread: Thread, messages: list[Message], *, intent: str, topic: str
) -> Conversation | None:
    """Return the books of a conversation, null where no customer wrote (an unanswered attempt).

    Args:
        messages: what was really sent before the world's end, in order of time.
    """
    by_customer = [m for m in messages if m.author_type == "customer"]
    spoken = [m for m in messages if m.author_type in SPEAKERS]
    if not by_customer or not by_customer[0].customer_id:
        return None
    waiting = next((m for m in messages if m.awaits_human), None)
    answer = waiting and next(
        (m for m in messages if m.author_type == "agent" and m.sent_at >= waiting.sent_at), None
    )
    return Conversation(
        conversation_id=conversation_id,
        thread_id=thread.thread_id,
        source=thread.source,
        kind=thread.kind,
        customer_id=by_customer[0].customer_id,
        intent="sales" if intent == "sales" else "service",
        topic=topic,
        initiated_by="us" if spoken[0].author_type == "agent" else "customer",
        started_at=spoken[0].sent_at,
        last_message_at=spoken[-1].sent_at,
        message_count=len(spoken),
        waiting_since=waiting.sent_at if waiting else None,
        first_answered_at=answer.sent_at if answer else None,
        first_agent_id=answer.agent_id if answer else None,
        ends_waiting=spoken[-1].author_type == "customer" and not spoken[-1].is_courtesy,
    )
