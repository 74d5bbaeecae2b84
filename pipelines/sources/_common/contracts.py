"""Contracts of the raw tables that file sources fill, as Arrow schemas.

One list of columns for every chat source and one for each CRM entity: staging models read them by
name, empty loads still create them, and a source that has nothing for a column leaves it null.
Identifiers of people are pseudonyms already (see `privacy`), texts are masked.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Final

import pyarrow as pa

TIMESTAMP: Final = pa.timestamp("us", tz="UTC")

MESSAGES: Final = pa.schema(
    [
        # Hash of source name, thread, message and content: one row per version of a message, so
        # that loading files in any order, or twice, leaves the same rows.
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("channel_type", pa.string(), nullable=False),
        pa.field("channel_account_id", pa.string()),
        pa.field("thread_id", pa.string(), nullable=False),
        pa.field("thread_type", pa.string()),  # personal | group | bot | forum
        pa.field("is_group", pa.bool_(), nullable=False),
        pa.field("message_id", pa.string(), nullable=False),
        # Order of the source inside a thread; decides between messages of the same instant.
        pa.field("message_seq", pa.int64(), nullable=False),
        pa.field("event_type", pa.string(), nullable=False),
        pa.field("sent_at", TIMESTAMP, nullable=False),
        pa.field("edited_at", TIMESTAMP),
        pa.field("deleted_at", TIMESTAMP),
        pa.field("delivered_at", TIMESTAMP),
        pa.field("read_at", TIMESTAMP),
        # Null where the roster or the "who is us" rule of the source must decide.
        pa.field("author_type", pa.string()),
        pa.field("author_source_id", pa.string()),  # pseudonym of the source's user id
        pa.field("author_name_id", pa.string()),  # pseudonym of the display name
        pa.field("author_name", pa.string()),  # only where the mapping declares names public
        pa.field("is_public", pa.bool_(), nullable=False),
        pa.field("is_template", pa.bool_(), nullable=False),
        pa.field("content_type", pa.string(), nullable=False),
        pa.field("text", pa.string()),  # masked
        pa.field("text_length", pa.int32()),  # characters of the original
        pa.field("reply_to_message_id", pa.string()),
        pa.field("source_conversation_id", pa.string()),
        pa.field("referral", pa.string()),  # JSON
        pa.field("source_metadata", pa.string()),  # JSON
    ]
)

AGENTS: Final = pa.schema(
    [
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("agent_id", pa.string(), nullable=False),  # as author_source_id of messages
        pa.field("agent_name", pa.string()),
        pa.field("role", pa.string()),  # agent | bot
        pa.field("team", pa.string()),
        pa.field("valid_from", pa.date32()),
        pa.field("valid_to", pa.date32()),
    ]
)

CONTACTS: Final = pa.schema(
    [
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("contact_id", pa.string(), nullable=False),
        pa.field("phone_id", pa.string()),  # pseudonym of the E.164 number
        pa.field("email_id", pa.string()),
        # Pseudonym of the messenger id, equal to author_source_id of the person's messages.
        pa.field("messenger_id", pa.string()),
        # telegram, whatsapp, …; null where the pseudonym tells, or nobody knows.
        pa.field("messenger_type", pa.string()),
        pa.field("owner_id", pa.string()),
        pa.field("created_at", TIMESTAMP),
        pa.field("updated_at", TIMESTAMP),
        pa.field("source_metadata", pa.string()),
    ]
)

CONVERSATIONS: Final = pa.schema(
    [
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("thread_id", pa.string(), nullable=False),
        pa.field("source_conversation_id", pa.string()),
        pa.field("topic", pa.string()),
        pa.field("intent", pa.string()),  # sales | service
        pa.field("locale", pa.string()),
        pa.field("is_spam", pa.bool_()),
        pa.field("is_solved", pa.bool_()),
        pa.field("solved_at", TIMESTAMP),
        pa.field("source_metadata", pa.string()),
    ]
)

RATINGS: Final = pa.schema(
    [
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("rating_id", pa.string(), nullable=False),
        pa.field("thread_id", pa.string()),
        pa.field("source_conversation_id", pa.string()),
        pa.field("message_id", pa.string()),
        pa.field("survey_type", pa.string()),  # csat | nps | thumbs
        pa.field("score", pa.float64()),
        pa.field("rated_at", TIMESTAMP),
    ]
)

DEALS: Final = pa.schema(
    [
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("deal_id", pa.string(), nullable=False),
        pa.field("pipeline", pa.string()),
        pa.field("stage", pa.string()),
        pa.field("status", pa.string(), nullable=False),  # open | won | lost
        pa.field("lost_reason", pa.string()),
        pa.field("amount", pa.decimal128(18, 2)),
        pa.field("paid_amount", pa.decimal128(18, 2)),
        pa.field("currency_code", pa.string()),
        pa.field("created_at", TIMESTAMP),
        pa.field("updated_at", TIMESTAMP),
        pa.field("closed_at", TIMESTAMP),
        pa.field("first_contact_seconds", pa.int64()),
        pa.field("contact_id", pa.string()),
        # Exact link of the CRM to a chat, where the CRM stores one.
        pa.field("thread_id", pa.string()),
        pa.field("owner_id", pa.string()),
        pa.field("owner_name", pa.string()),
        pa.field("team", pa.string()),
        pa.field("lead_source", pa.string()),
        pa.field("campaign", pa.string()),
        pa.field("product", pa.string()),
        pa.field("source_metadata", pa.string()),
    ]
)

DEAL_EVENTS: Final = pa.schema(
    [
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("deal_event_id", pa.string(), nullable=False),
        pa.field("deal_id", pa.string(), nullable=False),
        pa.field("event_type", pa.string(), nullable=False),  # created | stage_changed | deleted
        pa.field("from_stage", pa.string()),
        pa.field("to_stage", pa.string()),
        pa.field("occurred_at", TIMESTAMP, nullable=False),
        pa.field("actor_id", pa.string()),
        # Null where a table has no other pipelines than the deal's present one.
        pa.field("from_pipeline", pa.string()),
        pa.field("to_pipeline", pa.string()),
    ]
)

PAYMENTS: Final = pa.schema(
    [
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("payment_id", pa.string(), nullable=False),
        pa.field("deal_id", pa.string()),
        pa.field("contact_id", pa.string()),
        pa.field("payment_type", pa.string(), nullable=False),  # payment | refund
        pa.field("paid_at", TIMESTAMP, nullable=False),
        pa.field("amount", pa.decimal128(18, 2), nullable=False),  # positive for both types
        pa.field("currency_code", pa.string()),
        # Of the deal, where another source has it: a table of payments beside a CRM.
        pa.field("deal_source_name", pa.string()),
    ]
)

SPEND: Final = pa.schema(
    [
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("spend_id", pa.string(), nullable=False),
        pa.field("spent_on", pa.date32(), nullable=False),
        pa.field("lead_source", pa.string()),
        pa.field("campaign", pa.string()),
        pa.field("channel_type", pa.string()),
        pa.field("amount", pa.decimal128(18, 2), nullable=False),
        pa.field("currency_code", pa.string()),
        pa.field("impressions", pa.int64()),
        pa.field("clicks", pa.int64()),
    ]
)

REJECTED_ROWS: Final = pa.schema(
    [
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("resource", pa.string(), nullable=False),
        pa.field("file_key", pa.string(), nullable=False),  # content hash: names hold people
        pa.field("row_reference", pa.string(), nullable=False),  # "chat 2, message 17", "line 40"
        pa.field("reason", pa.string(), nullable=False),
        pa.field("remedy", pa.string(), nullable=False),
    ]
)

ENTITIES: Final[dict[str, pa.Schema]] = {
    "messages": MESSAGES,
    "agents": AGENTS,
    "contacts": CONTACTS,
    "conversations": CONVERSATIONS,
    "ratings": RATINGS,
    "deals": DEALS,
    "deal_events": DEAL_EVENTS,
    "payments": PAYMENTS,
    "spend": SPEND,
    "rejected_rows": REJECTED_ROWS,
}

EVENT_TYPES: Final = frozenset(
    {
        "message", "close", "reopen", "handoff_requested", "handoff", "assignment",
        "no_reply_needed", "bot_fallback", "payment_link", "service",
    }
)  # fmt: skip
AUTHOR_TYPES: Final = frozenset(
    {"customer", "agent", "bot", "auto_reply", "broadcast", "system", "unknown"}
)
CONTENT_TYPES: Final = frozenset(
    {
        "text", "voice", "image", "video", "file", "sticker", "location", "contact", "button",
        "reaction", "other",
    }
)  # fmt: skip


# Of a part that is hashed: its length, and whether it is a value.
_PART_HEAD: Final = struct.Struct(">IB")
_NULL_PART: Final = b"\0\0\0\1\0"


def stable_hash(parts: Iterable[object]) -> str:
    """Hash a tuple of values into 32 hex digits, the same on every machine and run.

    Values are length-prefixed, so ("ab", "c") and ("a", "bc") differ; null differs from "".
    """
    content: list[bytes] = []
    for part in parts:
        encoded = b"\x00" if part is None else b"\x01" + str(part).encode()
        content += (len(encoded).to_bytes(4, "big"), encoded)
    return hashlib.blake2b(b"".join(content), digest_size=16).hexdigest()


def stable_text_hash(text: str) -> str:
    """`stable_hash((text,))`, for those who hash millions."""
    encoded = text.encode()
    head = (len(encoded) + 1).to_bytes(4, "big")
    return hashlib.blake2b(b"%b\x01%b" % (head, encoded), digest_size=16).hexdigest()


def stable_hashes(firsts: Sequence[str], seconds: pa.Array) -> list[str]:
    """`stable_hash((first, second))` of each pair, for a column of texts and nulls.

    A message costs a third of what `stable_hash` takes: the bytes are there already.
    """
    # Copying a hash that is begun costs half of beginning one.
    begun, head_of = hashlib.blake2b(digest_size=16), _PART_HEAD.pack
    offsets = _offsets(seconds)
    data = seconds.buffers()[2]
    encoded = data.to_pybytes() if data is not None else b""
    nulls: Iterable[bool] = repeat(False)
    if seconds.null_count:
        nulls = seconds.is_null().to_pylist()
    keys = []
    for first, start, end, is_null in zip(firsts, offsets, offsets[1:], nulls, strict=False):
        head = first.encode()
        content = head_of(len(head) + 1, 1) + head
        key = begun.copy()
        key.update(
            content + _NULL_PART
            if is_null
            else content + head_of(end - start + 1, 1) + encoded[start:end]
        )
        keys.append(key.hexdigest())
    return keys


def _offsets(texts: pa.Array) -> list[int]:
    """Where each text begins in the buffer of its array, and where the last one ends."""
    buffer = texts.buffers()[1]
    if buffer is None or not len(texts):
        return []
    end = texts.offset + len(texts) + 1
    return memoryview(buffer)[: end * 4].cast("i")[texts.offset :].tolist()
