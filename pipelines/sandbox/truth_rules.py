"""The rules of docs/DECISIONS.md, applied to one need at a time.

The world knows which events belong to one need, and keeps needs so far apart that no rule can join
or split them. What remains to be decided here: when a conversation is over, what is a tail, who
waited for whom and how long, and how much effort it took.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from pipelines.sandbox.truth_clock import WorkingTime
from pipelines.sandbox.truth_events import MESSAGE_KINDS, Chat, Event
from pipelines.settings import PROJECT_ROOT

DAY: Final = 86_400
GAP: Final = DAY
CAP: Final = 7 * DAY
TARGET: Final = 600
_EFFORT_CAP: Final = 300


@dataclass(slots=True)
class Wait:
    """A customer waiting for a human: from when, until when, and why it ended otherwise."""

    since: int
    last_place: int = 0  # of the events of its stretch
    replied: int | None = None
    stopped: int | None = None
    is_first: bool = False


@dataclass(slots=True)
class Conversation:
    """One conversation as the product should see it."""

    need: int
    chat: Chat
    events: list[Event]
    started: int
    initiated_by_us: bool
    customer: str | None
    closed: int | None = None
    waits: list[Wait] = field(default_factory=list)
    effort: int | None = None
    is_spam: bool = False
    intent: str | None = None

    @property
    def first_wait(self) -> Wait | None:
        """The wait that the first response is about."""
        return next((wait for wait in self.waits if wait.is_first), None)


@dataclass(slots=True)
class Attempt:
    """Our first words to a customer; `replied` when and if the customer answered."""

    chat: Chat
    started: int
    replied: int | None


def conversation_of(need: int, chat: Chat, events: list[Event], as_of: int) -> Conversation | None:
    """Return the conversation of a need; None where no customer wrote (an unanswered attempt)."""
    said = [event for event in events if event.kind in MESSAGE_KINDS]
    by_customer = [event for event in said if event.kind in ("customer", "courtesy")]
    if not by_customer:
        return None
    found = Conversation(
        need=need,
        chat=chat,
        events=events,
        started=said[0].at,
        initiated_by_us=said[0].kind in ("agent", "bot"),
        customer=next((event.customer for event in by_customer if event.customer), None),
    )
    _neutralise_templates(found)
    found.closed = _closed_at(found, as_of)
    found.waits = _waits(found)
    return found


def _neutralise_templates(conversation: Conversation) -> None:
    """A template counts only where it begins or continues an attempt (E2)."""
    customer_seen = False
    for event in conversation.events:
        customer_seen |= event.kind in ("customer", "courtesy")
        if event.is_template and event.kind == "agent" and customer_seen:
            event.kind = "neutral"


def _closed_at(conversation: Conversation, as_of: int) -> int | None:
    """When it was over (E3, E4, E5, E8); null while it is open."""
    last: Event | None = None  # the last message that the limits run from
    waiting = False
    for event in conversation.events:
        if event.kind == "close" and last is not None:
            return event.at  # what comes after it is a tail or our farewell
        if event.kind in ("handoff", "no_reply"):
            waiting = event.kind == "handoff"
        if event.kind not in MESSAGE_KINDS:
            continue
        late = last is not None and not waiting and event.at - last.at > GAP
        if late and event.kind == "courtesy" and not conversation.chat.is_platform:
            break  # a tail of the conversation that was over by then
        last, waiting = event, event.kind == "customer"
    assert last is not None
    over = last.at + (CAP if waiting else GAP)
    return over if over <= as_of else None


def human_answers(conversation: Conversation) -> list[Event]:
    """Public messages of agents that are no templates."""
    return [e for e in conversation.events if e.kind == "agent" and not e.is_template]


def _waits(conversation: Conversation) -> list[Wait]:
    """Every wait for a human (R1, R2), the first one marked (R3)."""
    answers = human_answers(conversation)
    first_answer = answers[0].place if answers else None
    bot = [e.place for e in conversation.events if e.kind == "bot"]
    held = bool(bot) and (first_answer is None or bot[0] < first_answer)
    handed = next((e.place for e in conversation.events if e.kind == "handoff"), None)
    if handed is not None and first_answer is not None and first_answer < handed:
        handed = None
    waits: list[Wait] = []
    open_wait: Wait | None = None
    for event in conversation.events:
        is_answer = event.kind == "agent" and not event.is_template
        if open_wait is None and _starts_wait(event, conversation, held, handed, first_answer):
            open_wait = Wait(since=event.at)
            waits.append(open_wait)
        if open_wait is not None:
            open_wait.last_place = event.place
            if is_answer:
                open_wait.replied = event.at
            elif event.kind in ("close", "no_reply"):
                open_wait.stopped = event.at
            if is_answer or open_wait.stopped is not None:
                open_wait = None
    _mark_first(conversation, waits)
    return waits


def _starts_wait(
    event: Event,
    conversation: Conversation,
    held: bool,
    handed: int | None,
    first_answer: int | None,
) -> bool:
    if event.kind == "handoff":
        return held and event.place == handed
    if event.kind != "customer":
        return False
    if not held:
        return True
    if handed is not None:
        return event.place > handed
    if first_answer is None:
        return False  # the bot still holds the chat
    if event.place > first_answer:
        return True
    # A human simply answered: waiting began after the bot's last word before that.
    quiet = [
        e.place
        for e in conversation.events
        if e.kind in ("bot", "close", "no_reply") and e.place < first_answer
    ]
    return event.place > max(quiet)


def _mark_first(conversation: Conversation, waits: list[Wait]) -> None:
    if not conversation.initiated_by_us:
        if waits:
            waits[0].is_first = True
        return
    question = next((e for e in conversation.events if e.kind == "customer" and _asks(e)), None)
    if question is None:
        return
    for wait in waits:
        if wait.last_place >= question.place:
            wait.is_first = True
            wait.since = max(wait.since, question.at)
            return


def _asks(event: Event) -> bool:
    return "?" in event.text or _first_word(event.text) in _question_words()


def _first_word(text: str) -> str:
    plain = text.lower().replace("ё", "е")
    letters = "".join(c if c.isalnum() or c == "'" else " " for c in plain)
    return (letters.split() or [""])[0]


@cache
def _question_words() -> frozenset[str]:
    with (PROJECT_ROOT / "config" / "question_words.csv").open(encoding="utf-8") as file:
        return frozenset(row["word"] for row in csv.DictReader(file))


def deadline_status(conversation: Conversation, wait: Wait, clock: WorkingTime, as_of: int) -> str:
    """What became of the first-response target (R5): met, stopped, breached or running."""
    due = clock.due(wait.since, TARGET)
    if wait.replied is not None and wait.replied <= due:
        return "met"
    if wait.stopped is not None and wait.stopped <= due:
        return "stopped"
    spoken = [
        e
        for e in conversation.events
        if e.kind in ("customer", "courtesy") and wait.since <= e.at <= due
    ]
    if spoken and spoken[-1].kind == "courtesy":
        return "stopped"
    return "breached" if due <= as_of else "running"


def add_efforts(conversations: list[Conversation], chats: list[Chat]) -> int:
    """Estimate each conversation's effort (T3); returns how many messages have no certain order.

    Messages of one agent in two chats at the same instant have none: which of them the pause
    before belongs to is not defined, so up to 300 s each may stand in the other conversation.
    """
    owner = {
        (event.thread, event.place): conversation
        for conversation in conversations
        for event in conversation.events
    }
    by_agent: defaultdict[int, list[Event]] = defaultdict(list)
    for chat in chats:
        for event in chat.events:
            if event.kind == "agent" and not event.is_template and event.agent is not None:
                by_agent[event.agent].append(event)
    asked = {id(conversation): _last_words_before(conversation) for conversation in conversations}
    ties = 0
    for events in by_agent.values():
        events.sort(key=lambda event: (event.at, event.thread, event.place))
        before: Event | None = None
        for event in events:
            conversation = owner.get((event.thread, event.place))
            ties += before is not None and before.at == event.at and before.thread != event.thread
            if conversation is not None:
                words = asked[id(conversation)].get(event.place)
                conversation.effort = (conversation.effort or 0) + _effort(event, before, words)
            before = event
    return ties


def _last_words_before(conversation: Conversation) -> dict[int, int]:
    """When the customer last wrote before each event."""
    found: dict[int, int] = {}
    last: int | None = None
    for event in conversation.events:
        if last is not None:
            found[event.place] = last
        if event.kind in ("customer", "courtesy"):
            last = event.at
    return found


def _effort(event: Event, own_before: Event | None, customer_before: int | None) -> int:
    own = None if own_before is None else own_before.at
    bases = [at for at in (own, customer_before) if at is not None]
    if bases and event.at - max(bases) <= _EFFORT_CAP:
        return event.at - max(bases)
    typing = min(_EFFORT_CAP, max(5, len(event.text) // 5))
    return typing if own_before is None else min(typing, event.at - own_before.at)
