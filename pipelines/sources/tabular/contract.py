"""What a mapping may fill: input columns of each entity, their kinds, rules and privacy.

Derived from `contracts.ENTITIES`, so that a column added there can be mapped at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import pyarrow as pa

from pipelines.sources._common import contracts
from pipelines.sources._common.privacy import IdentifierKind

Kind = Literal["text", "integer", "float", "decimal", "boolean", "instant", "date"]

# Filled by the reader, never by a mapping.
_COMPUTED: Final = frozenset({"row_key", "source_name", "author_name_id", "text_length"})
# A mapping names the original; the pseudonym lands in the column of the contract.
ORIGINALS: Final = {"phone": "phone_id", "email": "email_id"}

IDENTIFIERS: Final[dict[str, dict[str, IdentifierKind]]] = {
    "messages": {
        "thread_id": "thread",
        "source_conversation_id": "thread",
        "author_source_id": "author",
    },
    "agents": {"agent_id": "author"},
    "contacts": {
        "contact_id": "contact",
        "phone": "phone",
        "email": "email",
        "messenger_id": "author",
        "owner_id": "author",
    },
    "conversations": {"thread_id": "thread", "source_conversation_id": "thread"},
    "ratings": {"thread_id": "thread", "source_conversation_id": "thread"},
    "deals": {"contact_id": "contact", "thread_id": "thread", "owner_id": "author"},
    "deal_events": {"actor_id": "author"},
    "payments": {"contact_id": "contact"},
    "spend": {},
}

# Ids of things, not of people. They stay as they are unless they look like an address or a phone.
OBJECT_IDS: Final = frozenset(
    {
        "message_id", "reply_to_message_id", "rating_id", "deal_id", "deal_event_id",
        "payment_id", "spend_id",
    }
)  # fmt: skip
# Staff and the company's own accounts are shown on the screens by name.
CLEAR: Final = frozenset(
    {
        "agent_name", "owner_name", "team", "channel_account_id", "channel_type", "currency_code",
        "deal_source_name", "messenger_type",
    }
)  # fmt: skip
# Columns that came after rows were loaded without them. Where they hold nothing they are no part of
# a key, else an id made of the content would be another one, and the same payment count twice.
ADDED_LATER: Final = frozenset(
    {"deal_source_name", "from_pipeline", "to_pipeline", "messenger_type"}
)

DEFAULTS: Final[dict[str, dict[str, str]]] = {
    "messages": {
        "is_group": "false",
        "is_public": "true",
        "is_template": "false",
        "event_type": "message",
        "content_type": "text",
    },
    "agents": {"role": "agent"},
    "payments": {"payment_type": "payment"},
}
# Where no column holds an id, the hash of the content is one: the same row twice stays one row.
HASHED_IDS: Final = {
    "messages": "message_id",
    "ratings": "rating_id",
    "deal_events": "deal_event_id",
    "payments": "payment_id",
    "spend": "spend_id",
}

CHOICES: Final[dict[str, frozenset[str]]] = {
    "author_type": contracts.AUTHOR_TYPES,
    "event_type": contracts.EVENT_TYPES,
    "content_type": contracts.CONTENT_TYPES,
    "status": frozenset({"open", "won", "lost"}),
    "payment_type": frozenset({"payment", "refund"}),
    "survey_type": frozenset({"csat", "nps", "thumbs"}),
    "role": frozenset({"agent", "bot"}),
    "intent": frozenset({"sales", "service"}),
    "thread_type": frozenset({"personal", "group", "bot", "forum"}),
}
# Events of a deal have words of their own.
_FREE_CHOICES: Final = frozenset({("deal_events", "event_type")})


@dataclass(frozen=True)
class Field:
    """One column that a mapping may fill."""

    name: str
    kind: Kind
    required: bool
    default: str | None
    choices: frozenset[str] | None


def fields(entity: str) -> dict[str, Field]:
    """Return the columns that a mapping may fill in `entity`, by name, in contract order."""
    by_target = {target: name for name, target in ORIGINALS.items()}
    found: dict[str, Field] = {}
    for column in contracts.ENTITIES[entity]:
        if column.name in _COMPUTED:
            continue
        name = by_target.get(column.name, column.name)
        default = DEFAULTS.get(entity, {}).get(name)
        optional = name in ("message_seq", "channel_type") or HASHED_IDS.get(entity) == name
        found[name] = Field(
            name=name,
            kind=_kind(column.type),
            required=not column.nullable and default is None and not optional,
            default=default,
            choices=None if (entity, name) in _FREE_CHOICES else CHOICES.get(name),
        )
    return found


def entities() -> tuple[str, ...]:
    """Return the entities that a mapping may feed."""
    return tuple(name for name in contracts.ENTITIES if name != "rejected_rows")


def _kind(data_type: pa.DataType) -> Kind:
    if pa.types.is_boolean(data_type):
        return "boolean"
    if pa.types.is_integer(data_type):
        return "integer"
    if pa.types.is_floating(data_type):
        return "float"
    if pa.types.is_decimal(data_type):
        return "decimal"
    if pa.types.is_timestamp(data_type):
        return "instant"
    return "date" if pa.types.is_date(data_type) else "text"
