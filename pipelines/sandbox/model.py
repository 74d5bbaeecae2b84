"""What the emulated company is made of: rows of the things that really happened.

Every row class is flat, so that a list of rows is an Arrow table (`World.table`). Instants are
UTC with whole seconds; money is a `Decimal` with two digits in the company's currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, Literal, get_args, get_type_hints
from zoneinfo import ZoneInfo

import pyarrow as pa

ZONE_NAME: Final = "Europe/Moscow"
ZONE: Final = ZoneInfo(ZONE_NAME)
CURRENCY: Final = "RUB"
COMPANY_NAME: Final = "Зерно и Пар"

Source = Literal["telegram", "whatsapp"]
AuthorType = Literal["customer", "agent", "bot", "auto_reply", "system"]
ContentType = Literal["text", "voice", "image", "file", "sticker", "contact"]
Intent = Literal["sales", "service"]
# Where a Telegram chat is kept: an agent's own account, the archive of the helpdesk behind the
# bot, or a group. WhatsApp chats are exported one by one.
ThreadKind = Literal["account", "helpdesk", "group", "whatsapp", "whatsapp_group"]


@dataclass(frozen=True, slots=True)
class Agent:
    """One employee; `skill` moves the chance to sell, `speed` divides the reply time."""

    agent_id: str
    name: str
    team: str
    telegram_user_id: int
    phone: str
    skill: float
    speed: float
    shift_start: time
    shift_end: time
    rota: int | None  # off on every third day, counted from here; null: off when the team is
    folder: str


@dataclass(frozen=True, slots=True)
class Customer:
    """One person outside the company with the identities that chats and CRM know of them."""

    customer_id: str
    name: str
    language: str
    phone: str
    email: str | None
    telegram_user_id: int | None
    telegram_name: str | None  # null: the account was deleted before the export
    telegram_in_contacts: bool
    whatsapp_name: str | None  # address-book name of the exporter, or the phone as written there
    contact_id: str | None
    lead_source: str
    arrived_at: datetime


@dataclass(frozen=True, slots=True)
class Thread:
    """One endless chat; `native_id` is the chat's id or file name in its source."""

    thread_id: str
    source: Source
    kind: ThreadKind
    native_id: str
    title: str | None
    agent_id: str | None  # whose account or telephone holds the chat
    customer_id: str | None  # null in groups
    with_media: bool
    is_ios: bool


@dataclass(slots=True)
class Message:
    """One message; the bookkeeping columns at the end are what no export tells."""

    message_id: str
    thread_id: str
    native_id: int
    source: Source
    sent_at: datetime
    author_type: AuthorType
    agent_id: str | None
    customer_id: str | None
    content_type: ContentType
    text: str
    edited_at: datetime | None = None
    reply_to: int | None = None
    reaction: str | None = None
    action: str | None = None  # Telegram's name of a service row
    conversation_id: str | None = None
    is_courtesy: bool = False
    awaits_human: bool = False
    is_bot_fallback: bool = False
    is_handoff: bool = False


@dataclass(slots=True)
class Conversation:
    """One need of one customer (or group), with the moment it was first answered by a human."""

    conversation_id: str
    thread_id: str
    source: Source
    kind: ThreadKind
    customer_id: str
    intent: Intent
    topic: str
    initiated_by: Literal["customer", "us"]
    started_at: datetime
    last_message_at: datetime
    message_count: int
    waiting_since: datetime | None = None
    first_answered_at: datetime | None = None
    first_agent_id: str | None = None
    ends_waiting: bool = False
    bot_result: Literal["contained", "escalated", "abandoned"] | None = None


@dataclass(frozen=True, slots=True)
class OutboundAttempt:
    """Messages by which an agent tried to start a talk."""

    attempt_id: str
    thread_id: str
    agent_id: str
    started_at: datetime
    answered_at: datetime | None
    conversation_id: str | None


@dataclass(slots=True)
class Deal:
    """One deal of the CRM; `conversation_id` is known to the world only."""

    deal_id: str
    contact_id: str
    customer_id: str
    conversation_id: str | None
    agent_id: str
    pipeline: str
    stage: str
    status: Literal["open", "won", "lost"]
    lost_reason: str | None
    amount: Decimal
    product: str
    lead_source: str
    campaign: str | None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class DealEvent:
    """One step of a deal through its stages."""

    deal_event_id: str
    deal_id: str
    event_type: Literal["created", "stage_changed"]
    from_stage: str | None
    to_stage: str
    occurred_at: datetime
    agent_id: str


@dataclass(frozen=True, slots=True)
class Payment:
    """Money in or back; `amount` is positive for both."""

    payment_id: str
    deal_id: str
    contact_id: str
    payment_type: Literal["payment", "refund"]
    paid_at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Spend:
    """Advertising of one source on one local day."""

    spend_id: str
    spent_on: date
    lead_source: str
    campaign: str
    amount: Decimal
    impressions: int
    clicks: int


@dataclass(frozen=True, slots=True)
class Rating:
    """A customer's answer to the survey that the CRM sends after a conversation."""

    rating_id: str
    contact_id: str
    conversation_id: str
    survey_type: Literal["csat", "nps"]
    score: int
    rated_at: datetime


@dataclass(frozen=True, slots=True)
class DayHours:
    """Opening hours of a team on one weekday (1 = Monday) while the schedule is valid."""

    team: str
    valid_from: date
    valid_to: date | None
    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day with other hours; both null = closed. Team `*` = every team."""

    team: str
    day: date
    opens: time | None
    closes: time | None


@dataclass(frozen=True, slots=True)
class Causes:
    """The causal parameters behind the world, for tests of estimates.

    Chance of a deal = logistic(`lead_intercept` + agent's skill + `wait_effect` * ln(1 + wait in
    minutes)); a conversation that is never answered brings no deal. Skill and hour of the day also
    move the wait, so the naive comparison is biased.
    """

    lead_intercept: float = 0.9
    wait_effect: float = -0.28
    win_intercept: float = 0.25


@dataclass(slots=True)
class World:
    """Everything that happened between the start of `first_day` and the end of `until` (local)."""

    seed: int
    size: int
    first_day: date
    until: date
    causes: Causes
    bot_user_id: int
    auto_reply_user_id: int
    agents: list[Agent] = field(default_factory=list)
    hours: list[DayHours] = field(default_factory=list)
    holidays: list[Holiday] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    conversations: list[Conversation] = field(default_factory=list)
    attempts: list[OutboundAttempt] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    deal_events: list[DealEvent] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    spend: list[Spend] = field(default_factory=list)
    ratings: list[Rating] = field(default_factory=list)

    def table(self, name: str) -> pa.Table:
        """Return one list of rows as an Arrow table, one column per field of the row class.

        Raises:
            KeyError: the world has no such table.
        """
        row_class = ROW_CLASSES[name]
        rows: list[Any] = getattr(self, name)
        schema = arrow_schema(row_class)
        columns = {column: [getattr(row, column) for row in rows] for column in schema.names}
        return pa.table(columns, schema=schema)


ROW_CLASSES: Final[dict[str, type]] = {
    "agents": Agent,
    "hours": DayHours,
    "holidays": Holiday,
    "customers": Customer,
    "threads": Thread,
    "messages": Message,
    "conversations": Conversation,
    "attempts": OutboundAttempt,
    "deals": Deal,
    "deal_events": DealEvent,
    "payments": Payment,
    "spend": Spend,
    "ratings": Rating,
}

_ARROW_TYPES: Final[dict[type, pa.DataType]] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    datetime: pa.timestamp("us", tz="UTC"),
    date: pa.date32(),
    time: pa.time32("s"),
    Decimal: pa.decimal128(18, 2),
}


def arrow_schema(row_class: type) -> pa.Schema:
    """Return the Arrow schema of a row class: one field per attribute, null where it allows."""
    hints = get_type_hints(row_class)
    columns = []
    for item in fields(row_class):
        hint = hints[item.name]
        options = set(get_args(hint)) or {hint}
        nullable = type(None) in options
        kept = next(iter(options - {type(None)}))
        # Literal["a", "b"] and Literal["a"] | None hold strings, whatever the words are.
        arrow_type = _ARROW_TYPES.get(kept, pa.string())
        columns.append(pa.field(item.name, arrow_type, nullable=nullable))
    return pa.schema(columns)
