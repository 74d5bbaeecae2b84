{{ config(materialized='view') }}
{#
    Chats that talks of amoCRM link to deals. The id of a chat is unlike any other, so it may be of any
    source. A talk names the deal that its chat belongs to, not one conversation of ours.
#}
select
    deals.source_slug,
    deals.deal_id,
    deals.deal_key,
    deals.contact_id,
    cast(null as {{ dbt.type_string() }}) as chat_source_slug,
    talks.chat_id as thread_id,
    cast(null as {{ dbt.type_string() }}) as source_conversation_id,
    talks.created_at as linked_at
from {{ ref('stg_amocrm__talks') }} as talks
inner join {{ ref('int_deals__amocrm') }} as deals
    on
        talks.source_name = deals.source_slug
        and cast(talks.lead_id as {{ dbt.type_string() }}) = deals.deal_id
where talks.chat_id is not null
