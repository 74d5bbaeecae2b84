{{ config(materialized='view') }}
{#
    Chats of open lines and the deals that they are bound to; where there is none, the deals that their
    lead became. A chat that is bound to a person only is linked with deals as persons are.
#}
with

deals as (

    select
        deals.*,
        concat('2:', deals.deal_id) as as_deal,
        concat('1:', cast(raw_deals.lead_id as {{ dbt.type_string() }})) as as_lead
    from {{ ref('int_deals__bitrix24') }} as deals
    inner join {{ ref('stg_bitrix24__deals') }} as raw_deals
        on
            deals.source_slug = raw_deals.source_name
            and deals.deal_id = cast(raw_deals.deal_id as {{ dbt.type_string() }})

),

bindings as (

    select
        activities.source_name,
        activities.activity_id,
        activities.session_id,
        -- Where the chat was not read, its name outside of the portal.
        coalesce(sessions.chat_id, activities.thread_id) as thread_id,
        activities.started_at,
        {{ each_of('activities.bound_to') }} as bound_to
    from {{ source('raw_bitrix24', 'activities') }} as activities
    left join {{ source('raw_bitrix24', 'sessions') }} as sessions
        on
            activities.source_name = sessions.source_name
            and activities.session_id = sessions.session_id
    where
        activities.provider_id = 'IMOPENLINES_SESSION'
        and coalesce(sessions.chat_id, activities.thread_id) is not null

),

by_deal as (

    select
        bindings.*,
        deals.deal_id,
        deals.deal_key,
        deals.contact_id
    from bindings
    inner join deals
        on bindings.source_name = deals.source_slug and bindings.bound_to = deals.as_deal

),

by_lead as (

    select
        bindings.*,
        deals.deal_id,
        deals.deal_key,
        deals.contact_id
    from bindings
    inner join deals
        on bindings.source_name = deals.source_slug and bindings.bound_to = deals.as_lead
    left join by_deal
        on
            bindings.source_name = by_deal.source_name
            and bindings.activity_id = by_deal.activity_id
    where by_deal.activity_id is null

),

links as (

    select * from by_deal
    union all
    select * from by_lead

)

select
    source_name as source_slug,
    deal_id,
    deal_key,
    contact_id,
    source_name as chat_source_slug,
    thread_id,
    cast(session_id as {{ dbt.type_string() }}) as source_conversation_id,
    started_at as linked_at
from links
