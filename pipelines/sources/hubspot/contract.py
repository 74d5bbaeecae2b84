"""Raw tables of HubSpot, as Arrow schemas: the API's own records, flattened and typed.

Ids are text, as in the API. Names of stages and owners are tables of their own, so a renamed stage
is renamed everywhere at once. Identifiers of people are pseudonyms. Properties that the account
defined itself are one JSON object per record, by the property's name, with values of its type;
`properties` has the labels.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from pipelines.sources._common.contracts import REJECTED_ROWS, TIMESTAMP
from pipelines.sources._common.crm import crm_schema

DEALS: Final = crm_schema(
    pa.field("deal_id", pa.string(), nullable=False),
    pa.field("amount", pa.decimal128(18, 2)),
    pa.field("currency_code", pa.string()),  # of the deal, else of the account
    pa.field("owner_id", pa.string()),
    pa.field("pipeline_id", pa.string()),
    pa.field("stage_id", pa.string(), nullable=False),
    pa.field("is_closed", pa.bool_()),
    pa.field("is_won", pa.bool_()),
    pa.field("lost_reason", pa.string()),  # free text, masked
    pa.field("contact_id", pa.string()),  # the oldest of them: HubSpot has no main one
    pa.field("contact_ids", pa.string()),  # JSON list
    pa.field("company_id", pa.string()),  # the primary one
    pa.field("source", pa.string()),  # HubSpot's own: original source and its drill-downs
    pa.field("source_detail_1", pa.string()),
    pa.field("source_detail_2", pa.string()),
    pa.field("utm_source", pa.string()),
    pa.field("utm_campaign", pa.string()),
    pa.field("custom_fields", pa.string()),  # JSON
    pa.field("created_at", TIMESTAMP, nullable=False),
    pa.field("updated_at", TIMESTAMP, nullable=False),
    pa.field("closes_at", TIMESTAMP),  # of open deals the day on which somebody hopes to close
)
# Versions of stage, pipeline and owner; of the latter two only where there was more than one.
PROPERTY_HISTORY: Final = crm_schema(
    pa.field("deal_id", pa.string(), nullable=False),
    pa.field("property", pa.string(), nullable=False),  # dealstage | pipeline | hubspot_owner_id
    pa.field("value", pa.string()),
    pa.field("changed_at", TIMESTAMP, nullable=False),
    pa.field("user_id", pa.string()),  # not the id of an owner
    pa.field("origin", pa.string()),  # CRM_UI, INTEGRATION, IMPORT, …
)
CONTACTS: Final = crm_schema(
    pa.field("contact_id", pa.string(), nullable=False),
    pa.field("phone_ids", pa.string()),  # JSON lists
    pa.field("email_ids", pa.string()),
    pa.field("messenger_ids", pa.string()),
    pa.field("owner_id", pa.string()),
    pa.field("merged_ids", pa.string()),  # of the cards that were merged into this one
    pa.field("lifecycle_stage", pa.string()),
    pa.field("source", pa.string()),
    pa.field("source_detail_1", pa.string()),
    pa.field("source_detail_2", pa.string()),
    pa.field("custom_fields", pa.string()),
    pa.field("created_at", TIMESTAMP),
    pa.field("updated_at", TIMESTAMP, nullable=False),
)
COMPANIES: Final = crm_schema(
    pa.field("company_id", pa.string(), nullable=False),
    pa.field("owner_id", pa.string()),
    pa.field("industry", pa.string()),
    pa.field("custom_fields", pa.string()),
    pa.field("created_at", TIMESTAMP),
    pa.field("updated_at", TIMESTAMP, nullable=False),
)
TICKETS: Final = crm_schema(
    pa.field("ticket_id", pa.string(), nullable=False),
    pa.field("deal_ids", pa.string()),  # JSON list
    pa.field("pipeline_id", pa.string()),
    pa.field("stage_id", pa.string()),
    pa.field("owner_id", pa.string()),
    pa.field("origin", pa.string()),  # CHAT, EMAIL, FORM, PHONE
    pa.field("custom_fields", pa.string()),
    pa.field("created_at", TIMESTAMP),
    pa.field("updated_at", TIMESTAMP, nullable=False),
    pa.field("closed_at", TIMESTAMP),
)
# Chats of the inbox, without their words.
THREADS: Final = crm_schema(
    pa.field("thread_id", pa.string(), nullable=False),
    pa.field("contact_id", pa.string()),  # of a visitor as long as nobody knows who it is
    pa.field("ticket_id", pa.string()),
    pa.field("assigned_user_id", pa.string()),
    pa.field("inbox_id", pa.string()),
    pa.field("channel_id", pa.string()),
    pa.field("channel_account_id", pa.string()),
    pa.field("status", pa.string()),  # OPEN | CLOSED
    pa.field("is_spam", pa.bool_()),
    pa.field("created_at", TIMESTAMP, nullable=False),
    pa.field("closed_at", TIMESTAMP),
    pa.field("latest_message_at", TIMESTAMP),
)
PIPELINES: Final = crm_schema(
    pa.field("pipeline_id", pa.string(), nullable=False),
    pa.field("label", pa.string()),
    pa.field("display_order", pa.int64()),
    pa.field("is_archived", pa.bool_()),
)
STAGES: Final = crm_schema(
    pa.field("pipeline_id", pa.string(), nullable=False),
    pa.field("stage_id", pa.string(), nullable=False),
    pa.field("label", pa.string()),
    pa.field("display_order", pa.int64()),
    pa.field("is_closed", pa.bool_()),
    pa.field("probability", pa.float64()),  # 1 of a closed stage: won; 0: lost
    pa.field("is_archived", pa.bool_()),
)
OWNERS: Final = crm_schema(
    pa.field("owner_id", pa.string(), nullable=False),
    pa.field("user_id", pa.string()),  # what histories and conversations call them
    pa.field("name", pa.string()),
    pa.field("email_id", pa.string()),
    pa.field("team", pa.string()),  # the primary one
    pa.field("is_archived", pa.bool_()),
)
PROPERTIES: Final = crm_schema(
    pa.field("object_type", pa.string(), nullable=False),  # deals | contacts | companies | tickets
    pa.field("name", pa.string(), nullable=False),
    pa.field("label", pa.string()),
    pa.field("type", pa.string()),
    pa.field("field_type", pa.string()),
    pa.field("is_custom", pa.bool_()),
)
# Whether a record that was deleted, merged or restored is there; what is not named here is.
REMOVALS: Final = crm_schema(
    pa.field("entity_type", pa.string(), nullable=False),  # deals | contacts | companies | tickets
    pa.field("entity_id", pa.string(), nullable=False),
    pa.field("is_removed", pa.bool_(), nullable=False),
    pa.field("seen_at", TIMESTAMP, nullable=False),
)
TABLES: Final[dict[str, pa.Schema]] = {
    "deals": DEALS,
    "property_history": PROPERTY_HISTORY,
    "contacts": CONTACTS,
    "companies": COMPANIES,
    "tickets": TICKETS,
    "threads": THREADS,
    "pipelines": PIPELINES,
    "stages": STAGES,
    "owners": OWNERS,
    "properties": PROPERTIES,
    "removals": REMOVALS,
    "rejected_rows": REJECTED_ROWS,
}
