"""What the oracle reads and what it hands back. All instants are aware UTC datetimes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from tests.oracle.business_time import Schedule


@dataclass(frozen=True)
class Event:
    """One message or thread event, its author type already resolved at message time."""

    source_slug: str
    thread_id: str
    message_id: str
    message_seq: int
    event_type: str
    sent_at: datetime
    author_type: str
    author_id: str | None = None
    is_public: bool = True
    is_template: bool = False
    content_type: str = "text"
    text: str | None = None
    source_conversation_id: str | None = None
    is_group: bool = False


@dataclass(frozen=True)
class Rules:
    """Parameters of the engine; `mode` says per source whether a thread is one conversation."""

    as_of: datetime
    gap: timedelta = timedelta(hours=24)
    cap: timedelta = timedelta(days=7)
    session_gap: timedelta = timedelta(minutes=30)
    mode: dict[str, str] = field(default_factory=dict)  # source_slug -> gap | thread
    target_seconds: int = 600
    schedule: Schedule | None = None
    effort_cap: timedelta = timedelta(seconds=300)
    typing_characters_per_second: int = 5
    typing_floor_seconds: int = 5


class Kind(Enum):
    """What an event does to a conversation (E2, E3)."""

    NEED = "customer's message that wants an answer"
    COURTESY = "customer's courtesy"
    HUMAN = "agent's public message"
    TEMPLATE = "agent's template: neutral, but may start an attempt"
    BOT = "bot's message"
    HANDOFF = "hand-off, requested or executed"
    NO_REPLY = "no reply needed"
    CLOSE = "explicit close"
    NEUTRAL = "everything else"


@dataclass(frozen=True)
class Row:
    """An event with its kind."""

    event: Event
    kind: Kind

    @property
    def at(self) -> datetime:
        """Moment of the event."""
        return self.event.sent_at

    @property
    def order(self) -> tuple[datetime, int, str]:
        """Position inside the thread (E1)."""
        return (self.event.sent_at, self.event.message_seq, self.event.message_id)


@dataclass
class Stretch:
    """A conversation under construction: its rows and how it ended."""

    rows: list[Row]
    initiated_by: str
    tail_ids: set[str] = field(default_factory=set)  # attached after the close (E5, E6)
    neutral_rows: list[Row] = field(default_factory=list)
    ended_at: datetime | None = None  # by a close or by silence, if later rows prove it
    end_reason: str | None = None


@dataclass
class Conversation:
    """One conversation with its figures; null means "not yet" or "does not apply"."""

    source_slug: str
    thread_id: str
    first_message_id: str
    message_ids: list[str]  # messages that carry the conversation, neutral ones too
    row_ids: list[str]  # messages and events
    initiated_by: str
    interaction_type: str
    started_at: datetime
    last_message_at: datetime
    closed_at: datetime | None
    close_reason: str | None
    is_open: bool
    is_finished: bool
    first_response_at: datetime | None
    first_response_agent_id: str | None
    first_response_calendar_seconds: int | None
    first_response_business_seconds: int | None
    frt_customer_view_seconds: int | None
    frt_bot_seconds: int | None
    frt_any_seconds: int | None
    is_answered: bool | None
    is_within_target: bool | None  # calendar clock; null while undecided
    sla_deadline_at: datetime | None  # working clock
    is_sla_breached: bool | None  # null while undecided
    dialog_duration_seconds: int
    message_count: int
    customer_message_count: int
    agent_message_count: int
    bot_message_count: int
    agent_count: int


@dataclass
class Reply:
    """One wait for a human (R2)."""

    thread_id: str
    first_message_id: str  # of the conversation
    waiting_since_at: datetime
    waiting_message_id: str
    replied_at: datetime | None
    replied_message_id: str | None
    agent_id: str | None
    calendar_seconds: int | None
    business_seconds: int | None
    is_first_response: bool
    is_answered: bool
    is_open: bool
    stopped_at: datetime | None = None  # close or "no reply needed"


@dataclass(frozen=True)
class Session:
    """A burst of messages of one thread (T2)."""

    source_slug: str
    thread_id: str
    first_message_id: str
    started_at: datetime
    ended_at: datetime
    length_seconds: int
    message_count: int
    is_customer_active: bool


@dataclass(frozen=True)
class Attempt:
    """Outbound messages that nobody answered (E6)."""

    source_slug: str
    thread_id: str
    first_message_id: str
    message_ids: list[str]


@dataclass
class Result:
    """Everything the oracle says about a set of events."""

    conversations: list[Conversation]
    replies: list[Reply]
    sessions: list[Session]
    attempts: list[Attempt]
    effort_seconds: dict[tuple[str, str, str], int]  # (source, thread, message) of agents


def whole_seconds(start: datetime, end: datetime) -> int:
    """Floor of the difference in whole seconds."""
    return (end - start) // timedelta(seconds=1)
