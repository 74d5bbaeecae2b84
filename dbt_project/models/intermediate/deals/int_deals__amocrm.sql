{{ config(materialized='view') }}
{# Deals of amoCRM accounts; the amount in a custom field of otvet.toml goes before the price. #}
with

leads as (

    select * from {{ ref('stg_amocrm__leads') }}

),

stages as (

    select * from {{ ref('stg_amocrm__stages') }}

),

users as (

    select * from {{ source('raw_amocrm', 'users') }}

),

-- The deal's own time of closing is not documented to follow when it is opened again.
closings as (

    select
        source_name,
        entity_id as lead_id,
        max(created_at) as closed_at
    from {{ source('raw_amocrm', 'events') }}
    where
        entity_type = 'lead'
        and type = 'lead_status_changed'
        and to_status_id in (142, 143)
    group by source_name, entity_id

),

reasons as (

    select * from {{ source('raw_amocrm', 'loss_reasons') }}

)

select
    leads.source_name as source_slug,
    cast(leads.lead_id as {{ dbt.type_string() }}) as deal_id,
    {{ key(['leads.source_name', 'leads.lead_id']) }} as deal_key,
    cast(leads.pipeline_id as {{ dbt.type_string() }}) as pipeline_id,
    stages.pipeline,
    cast(leads.status_id as {{ dbt.type_string() }}) as stage_id,
    stages.stage,
    stages.stage_order,
    case leads.status_id when 142 then 'won' when 143 then 'lost' else 'open' end as status,
    case when leads.status_id = 143 then coalesce(reasons.name, leads.field_lost_reason) end
        as lost_reason,
    coalesce(leads.field_amount, leads.price) as amount,
    leads.field_paid_amount as paid_amount,
    coalesce(leads.field_currency_code, leads.currency_code, '{{ var("default_currency") }}')
        as currency_code,
    leads.created_at,
    leads.updated_at,
    case
        when leads.status_id in (142, 143) then coalesce(closings.closed_at, leads.closed_at)
    end as closed_at,
    cast(round(leads.field_first_contact_seconds) as bigint) as first_contact_seconds,
    cast(leads.contact_id as {{ dbt.type_string() }}) as contact_id,
    cast(leads.company_id as {{ dbt.type_string() }}) as company_id,
    cast(null as {{ dbt.type_string() }}) as thread_id,
    cast(leads.responsible_user_id as {{ dbt.type_string() }}) as owner_id,
    users.name as owner_name,
    cast(null as {{ dbt.type_string() }}) as team,
    coalesce(leads.utm_source, leads.origin) as lead_source,
    leads.utm_campaign as campaign,
    leads.field_product as product,
    leads.custom_fields
from leads
left join stages
    on
        leads.source_name = stages.source_name
        and leads.pipeline_id = stages.pipeline_id
        and leads.status_id = stages.status_id
left join closings
    on leads.source_name = closings.source_name and leads.lead_id = closings.lead_id
left join users
    on leads.source_name = users.source_name and leads.responsible_user_id = users.user_id
left join reasons
    on leads.source_name = reasons.source_name and leads.loss_reason_id = reasons.loss_reason_id
