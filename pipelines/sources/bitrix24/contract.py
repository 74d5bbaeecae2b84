"""Raw tables of Bitrix24, as Arrow schemas: the API's own records, flattened and typed.

Names of stages, sources and users are tables of their own, so a renamed stage is renamed everywhere
at once. Identifiers of people are pseudonyms. Custom fields are one JSON object per record, by the
name of the field in the API, with values of the field's type; a chosen item is its number, whose
name is in `custom_field_items`.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from pipelines.sources._common.contracts import MESSAGES, REJECTED_ROWS, TIMESTAMP
from pipelines.sources._common.crm import crm_schema

_CAME_FROM: Final = (
    pa.field("source_id", pa.string()),  # key of the dictionary SOURCE, or line|CONNECTOR
    pa.field("utm_source", pa.string()),
    pa.field("utm_medium", pa.string()),
    pa.field("utm_campaign", pa.string()),
    pa.field("utm_content", pa.string()),
    pa.field("utm_term", pa.string()),
)
_REACHED_BY: Final = (
    pa.field("phone_ids", pa.string()),  # JSON list, as all plurals here
    pa.field("email_ids", pa.string()),
    pa.field("messenger_ids", pa.string()),
)
_KEPT: Final = (
    pa.field("assigned_by_id", pa.int64()),
    pa.field("custom_fields", pa.string()),  # JSON
    pa.field("created_at", TIMESTAMP, nullable=False),
    pa.field("updated_at", TIMESTAMP, nullable=False),
)
_SALE: Final = (
    pa.field("stage_id", pa.string(), nullable=False),
    pa.field("stage_semantic_id", pa.string()),  # P in progress, S won, F lost
    pa.field("opportunity", pa.decimal128(18, 2)),
    pa.field("currency_code", pa.string()),
    pa.field("contact_id", pa.int64()),  # the main one
    pa.field("contact_ids", pa.string()),
    pa.field("company_id", pa.int64()),
    pa.field("created_by", pa.int64()),
    pa.field("moved_at", TIMESTAMP),  # to the present stage
)
DEALS: Final = crm_schema(
    pa.field("deal_id", pa.int64(), nullable=False),
    pa.field("category_id", pa.int64(), nullable=False),
    pa.field("lead_id", pa.int64()),
    *_SALE, *_CAME_FROM, *_KEPT,
)  # fmt: skip
LEADS: Final = crm_schema(
    pa.field("lead_id", pa.int64(), nullable=False), *_SALE, *_REACHED_BY, *_CAME_FROM, *_KEPT
)
CONTACTS: Final = crm_schema(
    pa.field("contact_id", pa.int64(), nullable=False),
    pa.field("company_id", pa.int64()),
    pa.field("lead_id", pa.int64()),
    *_REACHED_BY, *_KEPT,
)  # fmt: skip
COMPANIES: Final = crm_schema(
    pa.field("company_id", pa.int64(), nullable=False), *_REACHED_BY, *_KEPT
)
CATEGORIES: Final = crm_schema(
    pa.field("category_id", pa.int64(), nullable=False),
    pa.field("name", pa.string()),
    pa.field("sort", pa.int64()),
)
STATUSES: Final = crm_schema(
    pa.field("entity_id", pa.string(), nullable=False),  # DEAL_STAGE_9, STATUS, SOURCE, ...
    pa.field("status_id", pa.string(), nullable=False),
    pa.field("category_id", pa.int64()),
    pa.field("name", pa.string()),
    pa.field("sort", pa.int64()),
    pa.field("semantics", pa.string()),  # S won, F lost
)
CURRENCIES: Final = crm_schema(
    pa.field("currency_code", pa.string(), nullable=False),
    pa.field("rate", pa.decimal128(18, 6)),  # of so many units, today
    pa.field("units", pa.int64()),
    pa.field("is_base", pa.bool_()),
)
USERS: Final = crm_schema(
    pa.field("user_id", pa.int64(), nullable=False),
    pa.field("name", pa.string()),
    pa.field("email_id", pa.string()),
    pa.field("is_active", pa.bool_()),
    pa.field("author_id", pa.string()),  # as author_source_id of messages
)
CUSTOM_FIELDS: Final = crm_schema(
    pa.field("entity_type", pa.string(), nullable=False),  # deal | lead | contact | company
    pa.field("field_id", pa.string(), nullable=False),  # ufCrm_1720019876501
    pa.field("name", pa.string()),
    pa.field("code", pa.string()),  # UF_CRM_1720019876501
    pa.field("type", pa.string()),
    pa.field("is_multiple", pa.bool_()),
)
CUSTOM_FIELD_ITEMS: Final = crm_schema(
    pa.field("entity_type", pa.string(), nullable=False),
    pa.field("field_id", pa.string(), nullable=False),
    pa.field("item_id", pa.int64(), nullable=False),
    pa.field("name", pa.string()),
)
STAGE_HISTORY: Final = crm_schema(
    pa.field("entity_type", pa.string(), nullable=False),  # deal | lead
    pa.field("history_id", pa.int64(), nullable=False),
    # 1 made, 2 moved, 3 moved to a final stage, 5 moved to another pipeline
    pa.field("type_id", pa.int64(), nullable=False),
    pa.field("owner_id", pa.int64(), nullable=False),
    pa.field("category_id", pa.int64()),
    pa.field("stage_id", pa.string(), nullable=False),
    pa.field("created_at", TIMESTAMP, nullable=False),
)
# Chats of open lines, and things to do.
ACTIVITIES: Final = crm_schema(
    pa.field("activity_id", pa.int64(), nullable=False),
    pa.field("provider_id", pa.string(), nullable=False),  # IMOPENLINES_SESSION, CRM_TODO, ...
    # What it is bound to, the owner first: JSON list of "2:759", kind of record and id.
    pa.field("bound_to", pa.string(), nullable=False),
    pa.field("session_id", pa.int64()),
    pa.field("line_id", pa.string()),
    pa.field("connector_id", pa.string()),
    pa.field("thread_id", pa.string()),  # pseudonym of the chat with a customer
    pa.field("responsible_id", pa.int64()),
    pa.field("is_completed", pa.bool_()),
    pa.field("started_at", TIMESTAMP),
    pa.field("ended_at", TIMESTAMP),
    pa.field("deadline_at", TIMESTAMP),
    pa.field("created_at", TIMESTAMP, nullable=False),
    pa.field("updated_at", TIMESTAMP, nullable=False),
)
LINES: Final = crm_schema(
    pa.field("line_id", pa.string(), nullable=False),
    pa.field("name", pa.string()),
    pa.field("is_active", pa.bool_()),
)
# Sessions of open lines whose chats were asked for.
SESSIONS: Final = crm_schema(
    pa.field("session_id", pa.int64(), nullable=False),
    pa.field("chat_id", pa.string()),  # thread_id of its messages; null: it was refused
    pa.field("line_id", pa.string()),
    pa.field("connector_id", pa.string()),
    pa.field("message_count", pa.int64()),
    pa.field("started_at", TIMESTAMP),
    pa.field("ended_at", TIMESTAMP),
    pa.field("is_final", pa.bool_(), nullable=False),  # else it is read again
    pa.field("read_of", TIMESTAMP),  # `updated_at` of its activity then
)
# Whether a record that had vanished, or has come back, is there; what is not named here is.
REMOVALS: Final = crm_schema(
    pa.field("entity_type", pa.string(), nullable=False),
    pa.field("entity_id", pa.int64(), nullable=False),
    pa.field("is_removed", pa.bool_(), nullable=False),
    pa.field("seen_at", TIMESTAMP, nullable=False),
)
TABLES: Final[dict[str, pa.Schema]] = {
    "deals": DEALS,
    "leads": LEADS,
    "contacts": CONTACTS,
    "companies": COMPANIES,
    "categories": CATEGORIES,
    "statuses": STATUSES,
    "currencies": CURRENCIES,
    "users": USERS,
    "custom_fields": CUSTOM_FIELDS,
    "custom_field_items": CUSTOM_FIELD_ITEMS,
    "stage_history": STAGE_HISTORY,
    "activities": ACTIVITIES,
    "lines": LINES,
    "sessions": SESSIONS,
    "messages": MESSAGES,
    "removals": REMOVALS,
    "rejected_rows": REJECTED_ROWS,
}
