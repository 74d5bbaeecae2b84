"""Random threads that reach every rule: for the oracle's own tests and to compare models with it.

Two ways in: `random_events(seed)` for bulk, `event_sets()` for hypothesis, which shrinks a failure
to a few steps. Both go through `thread_of_steps`, so they cover the same ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import strategies as st

from tests.oracle.engine import Event, Rules

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
GAP_SOURCE = "random_gap"
THREAD_SOURCE = "random_thread"
# A start so early that no thread of MAX_STEPS waits of the cap runs past the build.
START = datetime(2024, 9, 2, 6, 0, tzinfo=UTC)
MAX_STEPS = 30

_G = timedelta(hours=24)
_CAP = timedelta(days=7)
_MICRO = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)

# Waits between events: ties, the limits of sessions, effort, target, G and the cap, each exactly
# met, just missed and just passed.
DELTAS: tuple[timedelta, ...] = (
    *(timedelta(0),) * 3,
    _MICRO,
    _SECOND,
    *(timedelta(seconds=s) for s in (7, 59, 60, 299, 300, 301, 599, 600, 601)),
    *(timedelta(minutes=m) for m in (12, 29, 30, 31, 55, 180, 610)),
    timedelta(minutes=30) + _SECOND,
    timedelta(seconds=41, microseconds=400_000),
    *(_G + d for d in (-_SECOND, -_MICRO, timedelta(0), _MICRO, _SECOND, timedelta(hours=3))),
    timedelta(hours=47),
    timedelta(days=3),
    *(_CAP + d for d in (-_MICRO, timedelta(0), _MICRO)),
)

# Ends of a thread before the build: open, just open, just closed.
ENDS: tuple[timedelta, ...] = (
    _SECOND,
    timedelta(minutes=9),
    timedelta(minutes=11),
    _G - _MICRO,
    _G,
    _G + _MICRO,
    _CAP,
    _CAP - _SECOND,
    timedelta(days=30),
)

CUSTOMER_TEXTS = (
    "Сколько стоит доставка?",
    "Как оформить возврат",
    "Хочу купить",
    "Номер заказа 17",
    "Ок?",
    "I need help",
    "where is my order",
)
COURTESIES = (
    "Спасибо!",
    "ок",
    "Понял, спасибо большое 🙏",
    "👍",
    "👍🏻",
    "Всё понятно.",
    "Thank you",
)
OUR_TEXTS = ("Здравствуйте", "Отправили, проверьте почту. " * 4, "Да", "Готово? Проверьте")


@dataclass(frozen=True)
class Step:
    """One event to come: how long after the previous one, what, and small variations."""

    after: timedelta
    action: str
    text: int = 0  # picks a text
    who: int = 0  # picks an agent or a member of the group
    stream: int = 0  # picks a platform conversation
    tie: bool = False  # no source sequence: the message id decides a tie


# action -> weight
ACTIONS: dict[str, int] = {
    "need": 26,
    "courtesy": 14,
    "agent": 26,
    "bot": 12,
    "template": 5,
    "note": 3,
    "reaction": 3,
    "customer_reaction": 2,
    "voice": 3,
    "agent_voice": 2,
    "sticker": 2,
    "auto_reply": 4,
    "broadcast": 3,
    "system": 3,
    "unknown": 4,
    "close": 9,
    "reopen": 3,
    "handoff_requested": 4,
    "handoff": 4,
    "no_reply_needed": 3,
    "assignment": 2,
    "bot_fallback": 2,
}

# action -> author type, content type, public, template
_MESSAGES: dict[str, tuple[str, str, bool, bool]] = {
    "need": ("customer", "text", True, False),
    "courtesy": ("customer", "text", True, False),
    "agent": ("agent", "text", True, False),
    "bot": ("bot", "text", True, False),
    "template": ("agent", "text", True, True),
    "note": ("agent", "text", False, False),
    "reaction": ("agent", "reaction", True, False),
    "customer_reaction": ("customer", "reaction", True, False),
    "voice": ("customer", "voice", True, False),
    "agent_voice": ("agent", "voice", True, False),
    "sticker": ("customer", "sticker", True, False),
    "auto_reply": ("auto_reply", "text", True, False),
    "broadcast": ("broadcast", "text", True, False),
    "system": ("system", "text", True, False),
    "unknown": ("unknown", "text", True, False),
}

STREAM_STYLES: tuple[tuple[str | None, ...], ...] = (
    (None,),
    (None,),
    ("s1",),
    ("s1", "s2"),
    (None, "s1"),
)


def rules() -> Rules:
    """Return the rules that fit the generated events."""
    return Rules(as_of=AS_OF, mode={GAP_SOURCE: "gap", THREAD_SOURCE: "thread"})


def thread_of_steps(
    steps: Sequence[Step],
    *,
    thread_id: str,
    source_slug: str = GAP_SOURCE,
    streams: tuple[str | None, ...] = (None,),
    is_group: bool = False,
    ends_before_build: timedelta | None = None,
) -> list[Event]:
    """Turn steps into the events of a thread; ids do not sort like times.

    With `ends_before_build` the whole thread is moved so that its last event lies that long
    before the build.
    """
    events: list[Event] = []
    now = START
    for i, step in enumerate(steps):
        now += step.after
        events.append(
            replace(
                _event(step, thread_id, is_group=is_group),
                source_slug=source_slug,
                message_id=f"{thread_id}-{(i * 37 + 11) % 101:03d}",
                message_seq=0 if step.tie else i + 1,
                sent_at=now,
                source_conversation_id=streams[step.stream % len(streams)],
            )
        )
    if ends_before_build is None or not events:
        return events
    shift = AS_OF - ends_before_build - events[-1].sent_at
    return [replace(event, sent_at=event.sent_at + shift) for event in events]


def random_thread(rng: Random, thread_id: str, source_slug: str) -> list[Event]:
    """Draw one thread."""
    actions = rng.choices(
        list(ACTIONS), weights=list(ACTIONS.values()), k=rng.randint(1, MAX_STEPS)
    )
    # Most waits are short, as in life; otherwise hardly a conversation has three messages.
    short, long = DELTAS[:14], DELTAS[14:]
    steps = [
        Step(
            after=rng.choice(short if rng.random() < 0.6 else long),
            action=action,
            text=rng.randrange(12),
            who=rng.randrange(4),
            stream=rng.randrange(2),
            tie=rng.random() < 0.2,
        )
        for action in actions
    ]
    return thread_of_steps(
        steps,
        thread_id=thread_id,
        source_slug=source_slug,
        streams=rng.choice(STREAM_STYLES),
        is_group=rng.random() < 0.15,
        ends_before_build=rng.choice(ENDS) if rng.random() < 0.5 else None,
    )


def random_events(seed: int, *, threads: int = 50) -> list[Event]:
    """Draw events of many threads, shuffled; the same seed gives the same events."""
    rng = Random(seed)
    events: list[Event] = []
    for i in range(threads):
        source_slug = THREAD_SOURCE if rng.random() < 0.2 else GAP_SOURCE
        events.extend(random_thread(rng, f"t{seed}-{i}", source_slug))
    rng.shuffle(events)
    return events


def step_lists() -> st.SearchStrategy[list[Step]]:
    """Strategy of the steps of one thread."""
    step = st.builds(
        Step,
        after=st.sampled_from(DELTAS),
        action=st.sampled_from(list(ACTIONS)),
        text=st.integers(0, 11),
        who=st.integers(0, 3),
        stream=st.integers(0, 1),
        tie=st.booleans(),
    )
    return st.lists(step, min_size=1, max_size=MAX_STEPS)


@st.composite
def event_sets(draw: st.DrawFn, *, max_threads: int = 3) -> list[Event]:
    """Strategy of the events of a few threads, in any order."""
    events: list[Event] = []
    for i in range(draw(st.integers(1, max_threads))):
        events.extend(
            thread_of_steps(
                draw(step_lists()),
                thread_id=f"t{i}",
                source_slug=draw(st.sampled_from((GAP_SOURCE, GAP_SOURCE, THREAD_SOURCE))),
                streams=draw(st.sampled_from(STREAM_STYLES)),
                is_group=draw(st.booleans()),
                ends_before_build=draw(st.sampled_from((None, *ENDS))),
            )
        )
    return draw(st.permutations(events))


def _event(step: Step, thread_id: str, *, is_group: bool) -> Event:
    """Build the event of a step; place and time are filled in by the caller."""
    spec = _MESSAGES.get(step.action)
    author_type, content_type, is_public, is_template = spec or ("system", "other", True, False)
    return Event(
        source_slug="",
        thread_id=thread_id,
        message_id="",
        message_seq=0,
        event_type="message" if spec else step.action,
        sent_at=START,
        author_type=author_type,
        author_id=_author(step, author_type, thread_id, is_group=is_group),
        is_public=is_public,
        is_template=is_template,
        content_type=content_type,
        text=_text(step, author_type, content_type) if spec else None,
        is_group=is_group,
    )


def _author(step: Step, author_type: str, thread_id: str, *, is_group: bool) -> str | None:
    """Agents are shared by all threads; every fourth agent's message has lost its author."""
    if author_type == "agent":
        return None if step.who == 3 else f"agent-{step.who}"
    if author_type == "customer":
        return f"{thread_id}-customer-{step.who if is_group else 0}"
    return "bot" if author_type == "bot" else None


def _text(step: Step, author_type: str, content_type: str) -> str | None:
    if content_type == "voice":
        return None
    if content_type in ("sticker", "reaction"):
        return ("👍", "😡")[step.text % 2]
    if step.action == "courtesy":
        return COURTESIES[step.text % len(COURTESIES)]
    texts = CUSTOMER_TEXTS if author_type == "customer" else OUR_TEXTS
    return texts[step.text % len(texts)]
