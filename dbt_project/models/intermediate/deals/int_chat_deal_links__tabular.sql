{{ config(materialized='view') }}
{# Chats that the deals of tables name. A table does not say which source the chat is of: any. #}
select
    source_slug,
    deal_id,
    deal_key,
    contact_id,
    cast(null as {{ dbt.type_string() }}) as chat_source_slug,
    thread_id,
    cast(null as {{ dbt.type_string() }}) as source_conversation_id,
    created_at as linked_at
from {{ ref('int_deals__tabular') }}
where thread_id is not null
