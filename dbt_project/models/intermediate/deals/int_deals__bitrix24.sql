{{ config(materialized='view') }}
{#
    Deals of Bitrix24 portals. `closedate` is what somebody planned: a deal was closed when it moved to
    its final stage. Where a pipeline has several stages that mean a loss, they are the reasons.
#}
with

deals as (

    select * from {{ ref('stg_bitrix24__deals') }}

),

stages as (

    select * from {{ ref('stg_bitrix24__stages') }}

),

users as (

    select * from {{ source('raw_bitrix24', 'users') }}

),

final_steps as (

    select
        source_name,
        owner_id as deal_id,
        max(created_at) as ended_at
    from {{ source('raw_bitrix24', 'stage_history') }}
    where entity_type = 'deal' and type_id = 3
    group by source_name, owner_id

),

origins as (

    select * from {{ source('raw_bitrix24', 'statuses') }}
    where entity_id = 'SOURCE'

)

select
    deals.source_name as source_slug,
    cast(deals.deal_id as {{ dbt.type_string() }}) as deal_id,
    {{ key(['deals.source_name', 'deals.deal_id']) }} as deal_key,
    cast(deals.category_id as {{ dbt.type_string() }}) as pipeline_id,
    stages.pipeline,
    deals.stage_id,
    stages.stage,
    stages.stage_order,
    case deals.stage_semantic_id when 'S' then 'won' when 'F' then 'lost' else 'open' end as status,
    case
        when deals.stage_semantic_id = 'F'
            then coalesce(
                deals.lost_reason_name,
                case when stages.lost_stages > 1 then stages.stage end
            )
    end as lost_reason,
    coalesce(deals.field_amount, deals.opportunity) as amount,
    deals.field_paid_amount as paid_amount,
    coalesce(
        case when deals.field_amount is not null then deals.amount_currency_code end,
        deals.field_currency_code,
        deals.currency_code,
        '{{ var("default_currency") }}'
    ) as currency_code,
    deals.created_at,
    deals.updated_at,
    case
        when deals.stage_semantic_id in ('S', 'F')
            then coalesce(deals.moved_at, final_steps.ended_at)
    end as closed_at,
    cast(round(deals.field_first_contact_seconds) as bigint) as first_contact_seconds,
    cast(deals.contact_id as {{ dbt.type_string() }}) as contact_id,
    cast(deals.company_id as {{ dbt.type_string() }}) as company_id,
    cast(null as {{ dbt.type_string() }}) as thread_id,
    cast(deals.assigned_by_id as {{ dbt.type_string() }}) as owner_id,
    users.name as owner_name,
    cast(null as {{ dbt.type_string() }}) as team,
    coalesce(
        deals.utm_source,
        origins.name,
        -- An open line's number stands before its channel.
        {{ replace_all('deals.source_id', '^[0-9]+[|]', '') }}
    ) as lead_source,
    deals.utm_campaign as campaign,
    deals.product_name as product,
    deals.custom_fields
from deals
left join stages
    on
        deals.source_name = stages.source_name
        and deals.category_id = stages.category_id
        and deals.stage_id = stages.stage_id
left join users
    on deals.source_name = users.source_name and deals.assigned_by_id = users.user_id
left join final_steps
    on deals.source_name = final_steps.source_name and deals.deal_id = final_steps.deal_id
left join origins
    on deals.source_name = origins.source_name and deals.source_id = origins.status_id
