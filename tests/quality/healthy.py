"""A small company whose tables pass every expectation; tests damage one thing at a time."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.lib.raw_tables import CHAT_KINDS, DATASETS
from pipelines.settings import Environment, ProjectConfig, Settings
from pipelines.sources._common.contracts import ENTITIES

# 20 weeks of 70 messages; the last one is in the past of any run.
FIRST_DAY = "timestamptz '2024-01-01 08:00:00+00'"
MESSAGES = f"""
insert into {{table}} by name
select
    md5(i::varchar) as row_key, 'shop' as source_name, '{{channel}}' as channel_type,
    'thread_' || (i // 10) as thread_id, 'personal' as thread_type, false as is_group,
    i::varchar as message_id, i as message_seq, 'message' as event_type,
    {FIRST_DAY} + to_seconds(i * 8640 + i % 7) as sent_at,
    {FIRST_DAY} + to_seconds(i * 8640 + 60) as edited_at,
    case when i % 2 = 0 then 'customer' else 'agent' end as author_type,
    'author_' || lpad((i % 40)::varchar, 20, '0') as author_source_id,
    'name_' || lpad((i % 40)::varchar, 20, '0') as author_name_id,
    'Support' as author_name, true as is_public, false as is_template,
    case when i % 9 = 0 then 'image' else 'text' end as content_type,
    'call [phone:0123456789] on 2024-01-01' as text, 37 as text_length,
    '1714550400.5' as _dlt_load_id
from range(1400) as t(i)
"""
DEALS = f"""
insert into raw_tabular.deals by name
select
    md5(i::varchar) as row_key, 'shop' as source_name, 'deal_' || i as deal_id, 'sales' as pipeline,
    'new' as stage, case i % 3 when 0 then 'won' when 1 then 'lost' else 'open' end as status,
    100 + i % 50 as amount, 'RUB' as currency_code,
    {FIRST_DAY} + to_seconds(i * 17300) as created_at,
    case when i % 3 < 2 then {FIRST_DAY} + to_seconds(i * 17300 + 9000) end as closed_at,
    600 as first_contact_seconds, 'contact_' || lpad(i::varchar, 20, '0') as contact_id,
    '1714550400.5' as _dlt_load_id
from range(700) as t(i)
"""
PAYMENTS = f"""
insert into raw_tabular.payments by name
select
    md5(i::varchar) as row_key, 'shop' as source_name, 'payment_' || i as payment_id,
    'deal_' || i as deal_id, 'contact_' || lpad(i::varchar, 20, '0') as contact_id,
    case when i % 10 = 0 then 'refund' else 'payment' end as payment_type,
    {FIRST_DAY} + to_seconds(i * 17300) as paid_at, 100 as amount, 'RUB' as currency_code,
    '1714550400.5' as _dlt_load_id
from range(700) as t(i)
"""
SPEND = """
insert into raw_tabular.spend by name
select
    md5(i::varchar) as row_key, 'shop' as source_name, i::varchar as spend_id,
    date '2024-01-01' + (i // 5)::integer as spent_on, 'ads' as lead_source, 'spring' as campaign,
    100 as amount, 'RUB' as currency_code, 1000 as impressions, 10 as clicks,
    '1714550400.5' as _dlt_load_id
from range(700) as t(i)
"""
CONTACTS = f"""
insert into raw_tabular.contacts by name
select
    md5(i::varchar) as row_key, 'shop' as source_name,
    'contact_' || lpad(i::varchar, 20, '0') as contact_id,
    'phone_' || lpad(i::varchar, 20, '0') as phone_id, {FIRST_DAY} as created_at,
    '1714550400.5' as _dlt_load_id
from range(200) as t(i)
"""
MARTS = f"""
create schema marts;
create table marts.fct_messages as
select
    row_key as message_key, source_name as source_slug, author_type, content_type, sent_at,
    is_public, 'customer' as customer_key, text as text_masked, deleted_at,
    case when author_type = 'agent' then 60 end::bigint as response_seconds,
    case when author_type = 'agent' then 20.0::double end as effort_seconds
from raw_telegram_export.messages;
create table marts.fct_conversations as
select
    i::varchar as conversation_key, 'shop' as source_slug, 'chat' as interaction_type,
    'customer' as initiated_by, 'inactivity' as close_reason, 'resolved' as outcome,
    {FIRST_DAY} + to_seconds(i * 21600) as started_at,
    60::bigint as first_response_calendar_seconds,
    50::bigint as first_response_business_seconds, 60::bigint as frt_customer_view_seconds,
    5::bigint as frt_bot_seconds, 600::bigint as dialog_duration_seconds,
    100.0::double as aht_active_seconds, 87000::bigint as resolution_calendar_seconds,
    30000::bigint as resolution_business_seconds, 5::bigint as message_count,
    3::bigint as customer_message_count, 2::bigint as agent_message_count,
    0::bigint as bot_message_count, 1::bigint as agent_count, 0::bigint as deal_count,
    true as is_answered, 'customer' as customer_key
from range(280) as t(i);
create table marts.fct_replies as
select
    i::varchar as reply_key, 'shop' as source_slug, i % 2 = 0 as is_first_response,
    true as is_answered, 60::bigint as reply_calendar_seconds,
    50::bigint as reply_business_seconds, 'agent' as agent_key
from range(400) as t(i);
create table marts.fct_sessions as
select
    i::varchar as session_key, 'shop' as source_slug, 600::bigint as session_length_seconds,
    5::bigint as message_count, 3::bigint as customer_message_count
from range(280) as t(i);
create table marts.fct_deals as
select
    deal_id as deal_key, source_name as source_slug, status, amount, 100.0::double as paid_amount,
    case when status = 'lost' then 10.0::double end as refunded_amount, true as is_linked_to_chat,
    first_contact_seconds, currency_code
from raw_tabular.deals;
create table marts.fct_payments as
select
    payment_id as payment_key, source_name as source_slug, payment_type, amount,
    deal_id as deal_key,
    case when payment_type = 'refund' then -amount else amount end as signed_amount, currency_code
from raw_tabular.payments;
create table marts.dim_customers as
select
    i::varchar as customer_key, 'Customer ' || i as customer_label, 1::bigint as identity_count,
    5::bigint as message_count, {FIRST_DAY} as first_message_at,
    {FIRST_DAY} + interval 1 day as last_message_at
from range(40) as t(i);
create table marts.dim_agents as
select
    i::varchar as agent_key, 'Anna ' || i as agent_name, 'default' as team_key,
    {FIRST_DAY} as first_message_at, {FIRST_DAY} + interval 1 day as last_message_at
from range(30) as t(i);
create table marts.kpi_conversations_daily as
select
    'shop' as source_slug, date '2024-01-01' + i::integer as metric_date,
    3::bigint as conversations_started, 2::bigint as first_responses, 1::bigint as unanswered,
    9::bigint as messages_in, 8::bigint as messages_out, 3::bigint as customers_served,
    2::bigint as first_responses_decided, 1::bigint as first_responses_within_target,
    120::bigint as first_response_calendar_seconds_sum,
    60.0::double as first_response_calendar_seconds_p50,
    70.0::double as first_response_calendar_seconds_p90,
    900::bigint as dialog_duration_seconds_sum, 300::bigint as aht_active_seconds_sum
from range(60) as t(i);
create table marts.kpi_channels_monthly as
select * exclude (metric_date), metric_date as metric_month from marts.kpi_conversations_daily;
create table marts.kpi_agents_daily as
select
    date '2024-01-01' + i::integer as metric_date, 9::bigint as messages_out,
    3::bigint as conversations_touched, 4::bigint as replies, 2::bigint as replies_within_target,
    2::bigint as first_responses, 100::bigint as effort_seconds_sum,
    240::bigint as reply_calendar_seconds_sum, 200::bigint as reply_business_seconds_sum,
    60.0::double as reply_calendar_seconds_p50, 70.0::double as reply_calendar_seconds_p90,
    120::bigint as first_response_calendar_seconds_sum
from range(60) as t(i);
create table marts.meta_freshness as
select 'shop' as source_slug, 1400 as message_count, {FIRST_DAY} as last_message_at;
"""


def make_settings(home: Path) -> Settings:
    """Return the settings of a home in a folder of the test."""
    return Settings(
        environment=Environment.DEVELOPMENT,
        home=home,
        config_file=None,
        config_dir=home,
        project=ProjectConfig(),
    )


def make_raw(path: Path, *, filled: bool = True) -> None:
    """Write a warehouse with the raw tables of the contract."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for kind in CHAT_KINDS:
            entities = DATASETS.get(kind, ("messages",))
            connection.execute(f"create schema raw_{kind}")
            for entity in entities:
                columns = ", ".join(
                    f'"{item.name}" {_sql_type(item.type)}' for item in ENTITIES[entity]
                )
                connection.execute(
                    f"create table raw_{kind}.{entity} ({columns}, _dlt_load_id varchar)"
                )
            if filled:
                channel = "telegram" if kind == "telegram_export" else "whatsapp"
                table = f"raw_{kind}.messages"
                connection.execute(MESSAGES.format(table=table, channel=channel))
        if filled:
            for statement in (DEALS, PAYMENTS, SPEND, CONTACTS):
                connection.execute(statement)


def make_warehouse(path: Path) -> None:
    """Write a warehouse with raw tables and marts."""
    make_raw(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(MARTS)


def _sql_type(arrow_type: pa.DataType) -> str:
    if pa.types.is_timestamp(arrow_type):
        return "timestamptz"
    if pa.types.is_decimal(arrow_type):
        return "decimal(18, 2)"
    names = {"string": "varchar", "bool": "boolean", "int64": "bigint", "int32": "integer",
             "double": "double", "date32[day]": "date"}  # fmt: skip
    return names[str(arrow_type)]
