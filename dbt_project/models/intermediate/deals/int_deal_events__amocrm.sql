{{ config(materialized='view') }}
{#
    History of amoCRM's deals. The first stage has no event: it is the one that the first change left,
    or the present one where nothing changed.
#}
with

deals as (

    select * from {{ ref('int_deals__amocrm') }}

),

events as (

    select
        *,
        row_number() over (
            partition by source_name, lead_id, type
            order by created_at, event_id
        ) as place
    from {{ ref('stg_amocrm__events') }}

),

first_changes as (

    select * from events
    where type = 'lead_status_changed' and place = 1

),

additions as (

    select * from events
    where type = 'lead_added' and place = 1

)

select
    deals.source_slug,
    concat('created:', deals.deal_id) as deal_event_id,
    deals.deal_id,
    deals.deal_key,
    'created' as event_type,
    cast(null as {{ dbt.type_string() }}) as from_pipeline,
    cast(null as {{ dbt.type_string() }}) as from_stage,
    case
        when first_changes.event_id is null then deals.pipeline
        else first_changes.from_pipeline
    end as to_pipeline,
    case
        when first_changes.event_id is null then deals.stage
        else first_changes.from_stage
    end as to_stage,
    coalesce(additions.created_at, deals.created_at) as occurred_at,
    cast(additions.created_by as {{ dbt.type_string() }}) as actor_id
from deals
left join first_changes
    on
        deals.source_slug = first_changes.source_name
        and deals.deal_id = cast(first_changes.lead_id as {{ dbt.type_string() }})
left join additions
    on
        deals.source_slug = additions.source_name
        and deals.deal_id = cast(additions.lead_id as {{ dbt.type_string() }})

union all

select
    deals.source_slug,
    events.event_id as deal_event_id,
    deals.deal_id,
    deals.deal_key,
    case events.type
        when 'lead_status_changed' then 'stage_changed'
        when 'entity_responsible_changed' then 'owner_changed'
        when 'lead_restored' then 'restored'
        else 'merged'
    end as event_type,
    events.from_pipeline,
    events.from_stage,
    events.to_pipeline,
    events.to_stage,
    events.created_at as occurred_at,
    cast(events.created_by as {{ dbt.type_string() }}) as actor_id
from events
inner join deals
    on
        events.source_name = deals.source_slug
        and cast(events.lead_id as {{ dbt.type_string() }}) = deals.deal_id
where
    events.type in (
        'lead_status_changed', 'entity_responsible_changed', 'lead_restored', 'entity_merged'
    )
