{#
    How deals go through the stages of a pipeline, by the month in which they were created. A deal
    that enters a stage twice has two stays there, and its first entry counts for the time to it.
#}
with

entries as (

    select
        source_slug,
        deal_key,
        to_pipeline as pipeline,
        to_stage as stage,
        {{ month_of('min(occurred_local_date) over (partition by deal_key)') }} as metric_month,
        min(occurred_at) over (partition by deal_key) as created_at,
        occurred_at,
        row_number() over (
            partition by deal_key, to_pipeline, to_stage
            order by event_number
        ) as entry_number,
        lead(seconds_in_previous_stage) over (
            partition by deal_key
            order by event_number
        ) as stay_seconds,
        lead(to_status) over (partition by deal_key order by event_number) as next_status,
        lead(deal_event_key) over (partition by deal_key order by event_number) is null as is_last
    from {{ ref('fct_deal_events') }}
    where enters_stage

)

select
    {{ key(['metric_month', 'source_slug', 'pipeline', 'stage']) }} as deal_stages_monthly_key,
    metric_month,
    source_slug,
    pipeline,
    stage,
    cast(sum(case when entry_number = 1 then 1 else 0 end) as bigint) as deals_entered,
    count(*) as stays,
    cast(sum(case when is_last then 1 else 0 end) as bigint) as deals_standing,
    cast(sum(case when next_status = 'lost' then 1 else 0 end) as bigint) as stays_lost,
    percentile_cont(0.5) within group (
        order by case
            when entry_number = 1 then {{ seconds_between('created_at', 'occurred_at') }}
        end
    ) as seconds_to_stage_p50,
    percentile_cont(0.5) within group (order by stay_seconds) as stay_seconds_p50,
    cast(sum(stay_seconds) as bigint) as stay_seconds_sum
from entries
group by metric_month, source_slug, pipeline, stage
