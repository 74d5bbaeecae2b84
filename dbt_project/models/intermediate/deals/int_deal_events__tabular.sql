{{ config(materialized='view') }}
{#
    What happened to the deals of tables. Each has one `created` event: the table's first, else one
    made from the deal, at its first stage: the one that the first change left, else the present one.
    Where events name no pipeline, they happened in the deal's present one.
#}
with

deals as (

    select * from {{ ref('int_deals__tabular') }}

),

listed as (

    select
        events.deal_event_id,
        events.event_type,
        events.from_stage,
        events.to_stage,
        events.from_pipeline,
        events.to_pipeline,
        events.occurred_at,
        events.actor_id,
        deals.source_slug,
        deals.deal_id,
        deals.deal_key,
        deals.pipeline,
        row_number() over (
            partition by deals.deal_key, events.event_type
            order by events.occurred_at, events.deal_event_id
        ) as place
    from {{ ref('stg_tabular__deal_events') }} as events
    inner join deals on events.source_name = deals.source_slug and events.deal_id = deals.deal_id
    where events.event_type <> 'deleted'

),

firsts as (

    select
        deal_key,
        min(occurred_at) as occurred_at,
        max(case when event_type = 'created' then deal_event_id end) as created_event_id,
        max(case when event_type = 'stage_changed' then from_stage end) as left_stage,
        max(case when event_type = 'stage_changed' then from_pipeline end) as left_pipeline
    from listed
    where place = 1
    group by deal_key

),

created as (

    select
        deals.source_slug,
        coalesce(firsts.created_event_id, concat('created:', deals.deal_id)) as deal_event_id,
        deals.deal_id,
        deals.deal_key,
        'created' as event_type,
        coalesce(listed.to_pipeline, firsts.left_pipeline, deals.pipeline) as to_pipeline,
        coalesce(listed.to_stage, firsts.left_stage, deals.stage) as to_stage,
        -- A deal that is dated by a day may seem to change before it was made.
        coalesce(listed.occurred_at, least(deals.created_at, firsts.occurred_at)) as occurred_at,
        listed.actor_id
    from deals
    left join firsts on deals.deal_key = firsts.deal_key
    left join listed
        on
            deals.deal_key = listed.deal_key
            and firsts.created_event_id = listed.deal_event_id

)

select
    source_slug,
    deal_event_id,
    deal_id,
    deal_key,
    event_type,
    cast(null as {{ dbt.type_string() }}) as from_pipeline,
    cast(null as {{ dbt.type_string() }}) as from_stage,
    to_pipeline,
    to_stage,
    occurred_at,
    actor_id
from created
-- Nothing says when: neither the deal nor an event has a date.
where occurred_at is not null

union all

select
    source_slug,
    deal_event_id,
    deal_id,
    deal_key,
    event_type,
    coalesce(from_pipeline, pipeline) as from_pipeline,
    from_stage,
    coalesce(to_pipeline, pipeline) as to_pipeline,
    to_stage,
    occurred_at,
    actor_id
from listed
where event_type <> 'created'
