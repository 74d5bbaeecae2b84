{{ config(materialized='view') }}
{#
    History of HubSpot's deals from the versions of their stages and owners. The first version is the
    stage that a deal was made in; a version that repeats the one before it is no change. Nothing
    dates restorations, and merges of deals only the record that stays tells.
#}
with

deals as (

    select * from {{ ref('int_deals__hubspot') }}

),

names as (

    select * from {{ ref('stg_hubspot__stages') }}

),

-- Histories call people by the ids of users, deals by the ids of owners.
actors as (

    select
        source_name,
        user_id,
        min(owner_id) as owner_id
    from {{ source('raw_hubspot', 'owners') }}
    where user_id is not null
    group by source_name, user_id

),

versions as (

    select
        versions.*,
        actors.owner_id as actor_id,
        coalesce(names.pipeline, versions.pipeline_id) as pipeline,
        coalesce(names.stage, versions.stage_id) as stage,
        row_number() over (
            partition by versions.source_name, versions.deal_id
            order by versions.changed_at asc, versions.row_key asc
        ) as place
    from {{ ref('stg_hubspot__stage_versions') }} as versions
    left join names
        on
            versions.source_name = names.source_name
            and versions.pipeline_id = names.pipeline_id
            and versions.stage_id = names.stage_id
    left join actors
        on versions.source_name = actors.source_name and versions.user_id = actors.user_id

),

changes as (

    select
        later.*,
        earlier.pipeline as from_pipeline,
        earlier.stage as from_stage
    from versions as later
    inner join versions as earlier
        on
            later.source_name = earlier.source_name
            and later.deal_id = earlier.deal_id
            and later.place = earlier.place + 1
    where later.stage_id <> earlier.stage_id or later.pipeline_id <> earlier.pipeline_id

),

owner_versions as (

    select
        history.row_key,
        history.source_name,
        history.deal_id,
        history.value,
        history.changed_at,
        actors.owner_id as actor_id,
        row_number() over (
            partition by history.source_name, history.deal_id
            order by history.changed_at asc, history.row_key asc
        ) as place,
        lag(history.value) over (
            partition by history.source_name, history.deal_id
            order by history.changed_at asc, history.row_key asc
        ) as former
    from {{ source('raw_hubspot', 'property_history') }} as history
    left join actors
        on history.source_name = actors.source_name and history.user_id = actors.user_id
    where history.property = 'hubspot_owner_id'

)

select
    deals.source_slug,
    concat('created:', deals.deal_id) as deal_event_id,
    deals.deal_id,
    deals.deal_key,
    'created' as event_type,
    cast(null as {{ dbt.type_string() }}) as from_pipeline,
    cast(null as {{ dbt.type_string() }}) as from_stage,
    coalesce(versions.pipeline, deals.pipeline) as to_pipeline,
    coalesce(versions.stage, deals.stage) as to_stage,
    -- A deal that was imported may say that it was made before or after it came here.
    least(deals.created_at, coalesce(versions.changed_at, deals.created_at)) as occurred_at,
    versions.actor_id
from deals
left join versions
    on
        deals.source_slug = versions.source_name
        and deals.deal_id = versions.deal_id
        and versions.place = 1

union all

select
    deals.source_slug,
    changes.row_key as deal_event_id,
    deals.deal_id,
    deals.deal_key,
    'stage_changed' as event_type,
    changes.from_pipeline,
    changes.from_stage,
    changes.pipeline as to_pipeline,
    changes.stage as to_stage,
    changes.changed_at as occurred_at,
    changes.actor_id
from changes
inner join deals
    on changes.source_name = deals.source_slug and changes.deal_id = deals.deal_id

union all

select
    deals.source_slug,
    owner_versions.row_key as deal_event_id,
    deals.deal_id,
    deals.deal_key,
    'owner_changed' as event_type,
    cast(null as {{ dbt.type_string() }}) as from_pipeline,
    cast(null as {{ dbt.type_string() }}) as from_stage,
    cast(null as {{ dbt.type_string() }}) as to_pipeline,
    cast(null as {{ dbt.type_string() }}) as to_stage,
    owner_versions.changed_at as occurred_at,
    owner_versions.actor_id
from owner_versions
inner join deals
    on owner_versions.source_name = deals.source_slug and owner_versions.deal_id = deals.deal_id
where
    owner_versions.place > 1
    and coalesce(owner_versions.value, '') <> coalesce(owner_versions.former, '')
