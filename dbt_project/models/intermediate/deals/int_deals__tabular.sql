{{ config(materialized='view') }}
{# Deals of tables. A deal that was deleted and has no event since is none any more. #}
with

deals as (

    select * from {{ ref('stg_tabular__deals') }}

),

deleted as (

    select
        source_name,
        deal_id
    from {{ ref('stg_tabular__deal_events') }}
    group by source_name, deal_id
    having max(case when event_type = 'deleted' then occurred_at end) = max(occurred_at)

)

select
    deals.source_name as source_slug,
    deals.deal_id,
    {{ key(['deals.source_name', 'deals.deal_id']) }} as deal_key,
    cast(null as {{ dbt.type_string() }}) as pipeline_id,
    deals.pipeline,
    cast(null as {{ dbt.type_string() }}) as stage_id,
    deals.stage,
    cast(null as integer) as stage_order,
    deals.status,
    deals.lost_reason,
    deals.amount,
    deals.paid_amount,
    coalesce(deals.currency_code, '{{ var("default_currency") }}') as currency_code,
    deals.created_at,
    deals.updated_at,
    deals.closed_at,
    deals.first_contact_seconds,
    deals.contact_id,
    cast(null as {{ dbt.type_string() }}) as company_id,
    deals.thread_id,
    deals.owner_id,
    deals.owner_name,
    deals.team,
    deals.lead_source,
    deals.campaign,
    deals.product,
    deals.source_metadata as custom_fields
from deals
left join deleted
    on deals.source_name = deleted.source_name and deals.deal_id = deleted.deal_id
where deleted.deal_id is null
