"""Raw tables of amoCRM, as Arrow schemas: the API's own records, flattened and typed.

Names of stages, reasons and users are tables of their own, so a renamed stage is renamed everywhere
at once. Identifiers of people are pseudonyms. Custom fields are one JSON object per record, by the
id of the field, with values of the field's type; `custom_fields` has the names.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from pipelines.sources._common.contracts import REJECTED_ROWS, TIMESTAMP
from pipelines.sources._common.crm import crm_schema

LEADS: Final = crm_schema(
    pa.field("lead_id", pa.int64(), nullable=False),
    pa.field("price", pa.decimal128(18, 2)),
    pa.field("currency_code", pa.string()),  # of the account: it has one
    pa.field("responsible_user_id", pa.int64()),
    pa.field("pipeline_id", pa.int64(), nullable=False),
    pa.field("status_id", pa.int64(), nullable=False),
    pa.field("loss_reason_id", pa.int64()),
    pa.field("contact_id", pa.int64()),  # the main one
    pa.field("contact_ids", pa.string()),  # JSON list, as all plurals here
    pa.field("company_id", pa.int64()),
    pa.field("origin", pa.string()),  # name of amoCRM's own source
    pa.field("utm_source", pa.string()),
    pa.field("utm_campaign", pa.string()),
    pa.field("tags", pa.string()),
    pa.field("custom_fields", pa.string()),  # JSON
    pa.field("created_by", pa.int64()),
    pa.field("created_at", TIMESTAMP, nullable=False),
    pa.field("updated_at", TIMESTAMP, nullable=False),
    pa.field("closed_at", TIMESTAMP),
)
CONTACTS: Final = crm_schema(
    pa.field("contact_id", pa.int64(), nullable=False),
    pa.field("phone_ids", pa.string()),
    pa.field("email_ids", pa.string()),
    pa.field("messenger_ids", pa.string()),
    pa.field("responsible_user_id", pa.int64()),
    pa.field("lead_ids", pa.string()),
    pa.field("custom_fields", pa.string()),
    pa.field("created_at", TIMESTAMP),
    pa.field("updated_at", TIMESTAMP, nullable=False),
)
COMPANIES: Final = crm_schema(
    pa.field("company_id", pa.int64(), nullable=False),
    pa.field("phone_ids", pa.string()),
    pa.field("email_ids", pa.string()),
    pa.field("custom_fields", pa.string()),
    pa.field("created_at", TIMESTAMP),
    pa.field("updated_at", TIMESTAMP, nullable=False),
)
PIPELINES: Final = crm_schema(
    pa.field("pipeline_id", pa.int64(), nullable=False),
    pa.field("name", pa.string()),
    pa.field("sort", pa.int64()),
    pa.field("is_archive", pa.bool_()),
)
STATUSES: Final = crm_schema(
    pa.field("pipeline_id", pa.int64(), nullable=False),
    pa.field("status_id", pa.int64(), nullable=False),
    pa.field("name", pa.string()),
    pa.field("sort", pa.int64()),
)
USERS: Final = crm_schema(
    pa.field("user_id", pa.int64(), nullable=False),
    pa.field("name", pa.string()),
    pa.field("email_id", pa.string()),
    pa.field("is_active", pa.bool_()),
)
LOSS_REASONS: Final = crm_schema(
    pa.field("loss_reason_id", pa.int64(), nullable=False),
    pa.field("name", pa.string()),
)
CUSTOM_FIELDS: Final = crm_schema(
    pa.field("entity_type", pa.string(), nullable=False),  # leads | contacts | companies
    pa.field("field_id", pa.int64(), nullable=False),
    pa.field("name", pa.string()),
    pa.field("code", pa.string()),
    pa.field("type", pa.string()),
)
EVENTS: Final = crm_schema(
    pa.field("event_id", pa.string(), nullable=False),
    pa.field("type", pa.string(), nullable=False),
    pa.field("entity_type", pa.string(), nullable=False),
    pa.field("entity_id", pa.int64(), nullable=False),
    pa.field("created_by", pa.int64()),
    pa.field("created_at", TIMESTAMP, nullable=False),
    pa.field("from_pipeline_id", pa.int64()),
    pa.field("from_status_id", pa.int64()),
    pa.field("to_pipeline_id", pa.int64()),
    pa.field("to_status_id", pa.int64()),
    pa.field("from_user_id", pa.int64()),
    pa.field("to_user_id", pa.int64()),
)
# Whether a record that was deleted, merged or restored is there; what is not named here is.
REMOVALS: Final = crm_schema(
    pa.field("entity_type", pa.string(), nullable=False),  # lead | contact
    pa.field("entity_id", pa.int64(), nullable=False),
    pa.field("is_removed", pa.bool_(), nullable=False),
    pa.field("seen_at", TIMESTAMP, nullable=False),
)
# A run of messages in a chat. The chat has the pseudonym of a table's chat with the same id.
TALKS: Final = crm_schema(
    pa.field("talk_id", pa.int64(), nullable=False),
    pa.field("chat_id", pa.string()),
    pa.field("contact_id", pa.int64()),
    pa.field("lead_id", pa.int64()),  # null: of no deal, or of a customer
    pa.field("origin", pa.string()),  # the channel's own word
    pa.field("is_in_work", pa.bool_()),
    pa.field("created_at", TIMESTAMP, nullable=False),
    pa.field("updated_at", TIMESTAMP),
)
TASKS: Final = crm_schema(
    pa.field("task_id", pa.int64(), nullable=False),
    pa.field("entity_type", pa.string()),  # leads | contacts | companies | customers
    pa.field("entity_id", pa.int64()),
    pa.field("task_type_id", pa.int64()),
    pa.field("responsible_user_id", pa.int64()),
    pa.field("is_completed", pa.bool_()),
    pa.field("complete_till", TIMESTAMP),
    pa.field("created_by", pa.int64()),
    pa.field("created_at", TIMESTAMP, nullable=False),
    pa.field("updated_at", TIMESTAMP),
)
# Notes of calls; other notes are texts of people and are not read.
CALLS: Final = crm_schema(
    pa.field("note_id", pa.int64(), nullable=False),
    pa.field("entity_type", pa.string(), nullable=False),  # leads | contacts
    pa.field("entity_id", pa.int64(), nullable=False),
    pa.field("direction", pa.string(), nullable=False),  # in | out
    pa.field("duration_seconds", pa.int64()),
    pa.field("phone_id", pa.string()),
    pa.field("source", pa.string()),
    pa.field("responsible_user_id", pa.int64()),
    pa.field("created_at", TIMESTAMP, nullable=False),
    pa.field("updated_at", TIMESTAMP),
)
# Incoming leads that nobody had accepted; those wait still that were seen at the last reading.
UNSORTED: Final = crm_schema(
    pa.field("uid", pa.string(), nullable=False),
    pa.field("category", pa.string()),  # sip | mail | forms | chats
    pa.field("lead_source", pa.string()),
    pa.field("pipeline_id", pa.int64()),
    pa.field("lead_id", pa.int64()),
    pa.field("contact_id", pa.int64()),
    pa.field("created_at", TIMESTAMP, nullable=False),
    pa.field("seen_at", TIMESTAMP, nullable=False),
)
ACCOUNTS: Final = crm_schema(
    pa.field("account_id", pa.int64()),
    pa.field("currency_code", pa.string()),
    pa.field("read_at", TIMESTAMP, nullable=False),
)
TABLES: Final[dict[str, pa.Schema]] = {
    "leads": LEADS,
    "contacts": CONTACTS,
    "companies": COMPANIES,
    "pipelines": PIPELINES,
    "statuses": STATUSES,
    "users": USERS,
    "loss_reasons": LOSS_REASONS,
    "custom_fields": CUSTOM_FIELDS,
    "events": EVENTS,
    "removals": REMOVALS,
    "talks": TALKS,
    "tasks": TASKS,
    "calls": CALLS,
    "unsorted": UNSORTED,
    "accounts": ACCOUNTS,
    "rejected_rows": REJECTED_ROWS,
}
