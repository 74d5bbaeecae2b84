{{ config(materialized='view') }}
{#
    History of Bitrix24's deals. A deal from before the history was kept was made at the stage of its
    first known row, or at the present one.
#}
with

deals as (

    select
        deals.*,
        raw_deals.created_by
    from {{ ref('int_deals__bitrix24') }} as deals
    inner join {{ ref('stg_bitrix24__deals') }} as raw_deals
        on
            deals.source_slug = raw_deals.source_name
            and deals.deal_id = cast(raw_deals.deal_id as {{ dbt.type_string() }})

),

steps as (

    select
        *,
        place = 1 and type_id = 1 as is_creation
    from {{ ref('stg_bitrix24__steps') }}

)

select
    deals.source_slug,
    coalesce(
        case
            when first_steps.is_creation
                then cast(first_steps.history_id as {{ dbt.type_string() }})
        end,
        concat('created:', deals.deal_id)
    ) as deal_event_id,
    deals.deal_id,
    deals.deal_key,
    'created' as event_type,
    cast(null as {{ dbt.type_string() }}) as from_pipeline,
    cast(null as {{ dbt.type_string() }}) as from_stage,
    case
        when first_steps.history_id is null then deals.pipeline
        else first_steps.to_pipeline
    end as to_pipeline,
    case
        when first_steps.history_id is null then deals.stage
        else first_steps.to_stage
    end as to_stage,
    case when first_steps.is_creation then first_steps.created_at else deals.created_at end
        as occurred_at,
    cast(deals.created_by as {{ dbt.type_string() }}) as actor_id
from deals
left join steps as first_steps
    on
        deals.source_slug = first_steps.source_name
        and deals.deal_id = cast(first_steps.deal_id as {{ dbt.type_string() }})
        and first_steps.place = 1

union all

select
    deals.source_slug,
    cast(steps.history_id as {{ dbt.type_string() }}) as deal_event_id,
    deals.deal_id,
    deals.deal_key,
    'stage_changed' as event_type,
    steps.from_pipeline,
    steps.from_stage,
    steps.to_pipeline,
    steps.to_stage,
    steps.created_at as occurred_at,
    cast(null as {{ dbt.type_string() }}) as actor_id
from steps
inner join deals
    on
        steps.source_name = deals.source_slug
        and cast(steps.deal_id as {{ dbt.type_string() }}) = deals.deal_id
where not steps.is_creation
