{#
    The history of deals. A stage is closed where all deals that now stand in it are won, or all lost;
    in a pipeline where none stands, the stage of that name in the others decides. Events that change
    neither stage nor pipeline (another owner) leave the clock of the stage running. What became of a
    deal in a stage is what became of its last stay there, and is said once, at its first entry.
#}
with

events as (

    select
        *,
        event_type in ('created', 'stage_changed', 'restored') and to_stage is not null and (
            event_type = 'created'
            or from_stage is distinct from to_stage
            or from_pipeline is distinct from to_pipeline
        ) as enters_stage
    from {{ ref('int_deal_events__unioned') }}

),

deals as (

    select * from {{ ref('int_deals__unioned') }}

),

pipeline_stages as (

    select
        source_slug,
        coalesce(pipeline, '') as pipeline,
        stage,
        case when min(status) = max(status) then min(status) else 'open' end as status,
        min(stage_order) as stage_order
    from deals
    where stage is not null
    group by source_slug, coalesce(pipeline, ''), stage

),

named_stages as (

    select
        source_slug,
        stage,
        case when min(status) = max(status) then min(status) else 'open' end as status
    from pipeline_stages
    group by source_slug, stage

),

ordered as (

    select
        *,
        row_number() over (
            partition by deal_key
            order by
                case when event_type = 'created' then 0 else 1 end,
                occurred_at,
                -- Numbers as texts: a longer one is a later one.
                length(deal_event_id),
                deal_event_id
        ) as event_number
    from events

),

timed as (

    select
        *,
        -- Of an event that enters a stage: when the one before was entered.
        case when enters_stage then lag(occurred_at) over (
            partition by deal_key, enters_stage
            order by event_number
        ) end as entered_before_at,
        case when enters_stage then lead(occurred_at) over (
            partition by deal_key, enters_stage
            order by event_number
        ) end as left_at,
        first_value(occurred_at) over (
            partition by deal_key
            order by event_number
        ) as deal_created_at,
        case when enters_stage then row_number() over (
            partition by deal_key, enters_stage, to_pipeline, to_stage
            order by event_number
        ) end as stage_entry_number
    from ordered

),

judged as (

    select
        timed.*,
        coalesce(from_stages.status, from_named.status) as from_status,
        coalesce(to_stages.status, to_named.status) as to_status,
        to_stages.stage_order as to_stage_order
    from timed
    {% for side in ['from', 'to'] -%}
    left join pipeline_stages as {{ side }}_stages
        on
            timed.source_slug = {{ side }}_stages.source_slug
            and coalesce(timed.{{ side }}_pipeline, '') = {{ side }}_stages.pipeline
            and timed.{{ side }}_stage = {{ side }}_stages.stage
    left join named_stages as {{ side }}_named
        on
            timed.source_slug = {{ side }}_named.source_slug
            and timed.{{ side }}_stage = {{ side }}_named.stage
    {% endfor %}
),

followed as (

    select
        *,
        case
            when left_at is null then 'standing'
            when
                coalesce(to_status <> 'lost', true)
                and lead(to_status) over (
                    partition by deal_key, enters_stage
                    order by event_number
                ) = 'lost'
                then 'lost'
            else 'passed'
        end as stay_outcome
    from judged

)

select
    {{ key(['source_slug', 'deal_event_id']) }} as deal_event_key,
    deal_key,
    source_slug,
    event_type,
    from_stage,
    to_stage,
    occurred_at,
    {{ local_date('occurred_at') }} as occurred_local_date,
    from_pipeline,
    to_pipeline,
    event_number,
    enters_stage,
    -- A clock of the CRM that went wrong makes no negative times.
    case
        when entered_before_at > occurred_at then 0
        else {{ seconds_between('entered_before_at', 'occurred_at') }}
    end as seconds_in_previous_stage,
    from_status,
    to_status,
    enters_stage
    and coalesce(from_status in ('won', 'lost'), false)
    and coalesce(to_status = 'open', true) as is_reopened,
    enters_stage and coalesce(from_pipeline <> to_pipeline, false) as is_pipeline_changed,
    {{ local_date('deal_created_at') }} as deal_created_local_date,
    to_stage_order,
    stage_entry_number,
    case
        when stage_entry_number = 1 and occurred_at < deal_created_at then 0
        when stage_entry_number = 1 then {{ seconds_between('deal_created_at', 'occurred_at') }}
    end as seconds_to_stage,
    case
        when left_at < occurred_at then 0
        else {{ seconds_between('occurred_at', 'left_at') }}
    end as stage_stay_seconds,
    case when stage_entry_number = 1 then first_value(stay_outcome) over (
        partition by deal_key, enters_stage, to_pipeline, to_stage
        order by event_number desc
    ) end as stage_outcome
from followed
