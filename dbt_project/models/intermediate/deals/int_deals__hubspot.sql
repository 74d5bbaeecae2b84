{{ config(materialized='view') }}
{#
    Deals of HubSpot accounts. The date of closing of an open deal is a hope, and a reason for a loss
    stays when a deal is taken up again: neither counts then. HubSpot's own source counts where no
    property holds a UTM mark; its campaign is in another drill-down for social networks.
#}
with

deals as (

    select * from {{ ref('stg_hubspot__deals') }}

),

stages as (

    select * from {{ ref('stg_hubspot__stages') }}

),

owners as (

    select * from {{ source('raw_hubspot', 'owners') }}

),

with_status as (

    select
        deals.*,
        coalesce(stages.pipeline, deals.pipeline_id) as pipeline,
        coalesce(stages.stage, deals.stage_id) as stage,
        stages.stage_order,
        coalesce(
            stages.status,
            case
                when deals.is_won then 'won'
                when deals.is_closed then 'lost'
                else 'open'
            end
        ) as status
    from deals
    left join stages
        on
            deals.source_name = stages.source_name
            and deals.pipeline_id = stages.pipeline_id
            and deals.stage_id = stages.stage_id

)

select
    deals.source_name as source_slug,
    deals.deal_id,
    {{ key(['deals.source_name', 'deals.deal_id']) }} as deal_key,
    deals.pipeline_id,
    deals.pipeline,
    deals.stage_id,
    deals.stage,
    deals.stage_order,
    deals.status,
    case when deals.status = 'lost' then coalesce(deals.lost_reason, deals.field_lost_reason) end
        as lost_reason,
    coalesce(deals.field_amount, deals.amount) as amount,
    deals.field_paid_amount as paid_amount,
    coalesce(deals.field_currency_code, deals.currency_code, '{{ var("default_currency") }}')
        as currency_code,
    deals.created_at,
    deals.updated_at,
    case when deals.status <> 'open' then deals.closes_at end as closed_at,
    cast(round(deals.field_first_contact_seconds) as bigint) as first_contact_seconds,
    deals.contact_id,
    deals.company_id,
    cast(null as {{ dbt.type_string() }}) as thread_id,
    deals.owner_id,
    owners.name as owner_name,
    owners.team,
    coalesce(deals.utm_source, deals.source) as lead_source,
    coalesce(
        deals.utm_campaign,
        case
            when deals.source in ('PAID_SEARCH', 'EMAIL_MARKETING', 'OTHER_CAMPAIGNS')
                then deals.source_detail_1
            when deals.source in ('PAID_SOCIAL', 'SOCIAL_MEDIA') then deals.source_detail_2
        end
    ) as campaign,
    deals.field_product as product,
    deals.custom_fields
from with_status as deals
left join owners
    on deals.source_name = owners.source_name and deals.owner_id = owners.owner_id
