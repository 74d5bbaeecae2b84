"""The tables of a world: what really happened, as Arrow.

Instants are UTC with whole seconds. Ids are integers, unique in the whole world; the writers make
of them what each system would show. Money is in the currency of its row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.sandbox import company
from pipelines.sandbox.causes import Causes

INSTANT: Final = pa.timestamp("s", tz="UTC")
MONEY: Final = pa.decimal128(18, 2)
_WORD: Final = pa.dictionary(pa.int8(), pa.string())

CUSTOMERS: Final = pa.schema(
    [
        ("customer_id", pa.int64()),
        ("name", pa.string()),
        ("language", _WORD),
        ("phone", pa.string()),
        ("email", pa.string()),
        ("contact_id", pa.int64()),  # null: the CRM does not know them
        ("telegram_user_id", pa.int64()),
        ("telegram_name", pa.string()),  # null: the account was deleted before the export
        ("is_saved_in_telegram", pa.bool_()),
        ("in_berlin", pa.bool_()),
        ("lead_source", pa.string()),
        ("arrived_at", INSTANT),
    ]
)
# How a customer is met in chats: one row per messenger account or number they wrote from.
IDENTITIES: Final = pa.schema(
    [
        ("identity_id", pa.int64()),
        ("customer_id", pa.int64()),
        ("source", _WORD),
        ("address", pa.string()),  # user id, phone, or the name under which the phone has it
        ("phone_on_card", pa.string()),  # null: no export shows the phone of this identity
        ("is_named_in_crm", pa.bool_()),
    ]
)
THREADS: Final = pa.schema(
    [
        ("thread_id", pa.int64()),
        ("kind", _WORD),
        ("source", _WORD),
        ("channel_type", _WORD),
        ("team", _WORD),
        ("agent", pa.int8()),  # owner: place in the list of agents; null: nobody owns it
        ("customer_id", pa.int64()),  # null in groups
        ("identity_id", pa.int64()),
        ("layout", _WORD),  # of the WhatsApp export
        ("with_media", pa.bool_()),
    ]
)
MESSAGES: Final = pa.schema(
    [
        ("message_id", pa.int64()),
        ("thread_id", pa.int64()),
        ("seq", pa.int32()),  # place in the thread
        ("conversation_id", pa.int64()),  # null: belongs to no need
        ("sent_at", INSTANT),
        ("event_type", _WORD),
        ("author_type", _WORD),
        ("agent", pa.int8()),
        ("identity_id", pa.int64()),
        ("content_type", _WORD),
        ("text", pa.string()),
        ("is_template", pa.bool_()),
        ("is_courtesy", pa.bool_()),
        ("edited_at", INSTANT),
        ("deleted_at", INSTANT),
        ("reply_to_seq", pa.int32()),
        ("has_reaction", pa.bool_()),
        ("action", _WORD),
    ]
)
# One row per need of a customer, also where nothing of it counts as a conversation.
CONVERSATIONS: Final = pa.schema(
    [
        ("conversation_id", pa.int64()),
        ("thread_id", pa.int64()),
        ("customer_id", pa.int64()),
        ("topic", _WORD),
        ("intent", _WORD),
        ("is_outbound", pa.bool_()),
        ("is_spam", pa.bool_()),
        ("tone", pa.int8()),  # of the last turn with feeling: -1, 0, 1
        ("bot_result", _WORD),
        ("begun_at", INSTANT),
        ("ended_at", INSTANT),
        ("ends_waiting", pa.bool_()),
        ("first_agent", pa.int8()),
        ("wait_minutes", pa.float64()),  # null: nobody waited, or nobody answered
        ("heat", pa.float64()),
        ("has_script", pa.bool_()),
        ("can_buy", pa.bool_()),
        ("buy_logit_without_wait", pa.float64()),
        ("buy_chance", pa.float64()),
        ("bought", pa.bool_()),
        ("back_chance", pa.float64()),
    ]
)
DEALS: Final = pa.schema(
    [
        ("deal_id", pa.int64()),
        ("contact_id", pa.int64()),
        ("customer_id", pa.int64()),
        ("conversation_id", pa.int64()),  # known to the world only
        ("agent", pa.int8()),
        ("pipeline", _WORD),
        ("stage", _WORD),
        ("status", _WORD),
        ("lost_reason", _WORD),
        ("amount", MONEY),
        ("currency_code", _WORD),
        ("product", _WORD),
        ("lead_source", pa.string()),
        ("campaign", pa.string()),
        ("first_contact_seconds", pa.int64()),
        ("created_at", INSTANT),
        ("updated_at", INSTANT),
        ("closed_at", INSTANT),
    ]
)
DEAL_EVENTS: Final = pa.schema(
    [
        ("deal_event_id", pa.int64()),
        ("deal_id", pa.int64()),
        ("event_type", _WORD),
        ("from_stage", _WORD),
        ("to_stage", _WORD),
        ("occurred_at", INSTANT),
        ("agent", pa.int8()),
    ]
)
PAYMENTS: Final = pa.schema(
    [
        ("payment_id", pa.int64()),
        ("deal_id", pa.int64()),
        ("contact_id", pa.int64()),
        ("payment_type", _WORD),
        ("paid_at", INSTANT),
        ("amount", MONEY),
        ("currency_code", _WORD),
    ]
)
SPEND: Final = pa.schema(
    [
        ("spend_id", pa.string()),
        ("spent_on", pa.date32()),
        ("lead_source", pa.string()),
        ("campaign", pa.string()),
        ("amount", MONEY),
        ("currency_code", _WORD),
        ("impressions", pa.int64()),
        ("clicks", pa.int64()),
    ]
)
RATINGS: Final = pa.schema(
    [
        ("rating_id", pa.int64()),
        ("contact_id", pa.int64()),
        ("conversation_id", pa.int64()),
        ("survey_type", _WORD),
        ("score", pa.int8()),
        ("rated_at", INSTANT),
    ]
)
SCHEMAS: Final[dict[str, pa.Schema]] = {
    "customers": CUSTOMERS,
    "identities": IDENTITIES,
    "threads": THREADS,
    "messages": MESSAGES,
    "conversations": CONVERSATIONS,
    "deals": DEALS,
    "deal_events": DEAL_EVENTS,
    "payments": PAYMENTS,
    "spend": SPEND,
    "ratings": RATINGS,
}
WHATSAPP_LAYOUTS: Final = (
    "android_ru", "ios_ru", "android_uk", "android_de", "ios_en",
)  # fmt: skip


@dataclass(slots=True)
class World:
    """Everything between the start of `first_day` and `now`; `until` is the last local day."""

    seed: int
    size: int
    first_day: date
    until: date
    now: datetime
    causes: Causes
    agents: list[company.Agent]
    hours: list[company.DayHours]
    holidays: list[company.Holiday]
    tables: dict[str, pa.Table] = field(default_factory=dict)

    def __getitem__(self, name: str) -> pa.Table:
        """A table by its name in `SCHEMAS`."""
        return self.tables[name]


Numbers = NDArray[Any]


def words(vocabulary: tuple[str, ...], numbers: Numbers) -> pa.Array:
    """A column of a closed vocabulary; -1 is null."""
    positions = pa.array(numbers.astype(np.int8), mask=numbers < 0)
    return pa.DictionaryArray.from_arrays(positions, pa.array(vocabulary, pa.string()))


def small(numbers: Numbers) -> pa.Array:
    """A column of small numbers, for example places of agents; -1 is null."""
    return pa.array(numbers.astype(np.int8), mask=numbers < 0)


def instants(at: Numbers, missing: Numbers | None = None) -> pa.Array:
    """A column of instants; `missing` marks nulls."""
    return pa.array(at.astype(np.int64), mask=missing).cast(INSTANT)


def hundredths(amount: int) -> Decimal:
    """An amount of money from its whole hundredths."""
    return Decimal(amount).scaleb(-2)
