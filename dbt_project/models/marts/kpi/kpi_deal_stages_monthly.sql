{#
    How deals go through the stages of a pipeline, by the month in which they were created. A deal
    that enters a stage twice has two stays there, and its first entry counts for the time to it.
#}
with

entries as (

    select
        *,
        {{ month_of('deal_created_local_date') }} as metric_month,
        lead(to_status) over (partition by deal_key order by event_number) as next_status
    from {{ ref('fct_deal_events') }}
    where enters_stage

)

select
    {{ key(['metric_month', 'source_slug', 'to_pipeline', 'to_stage']) }}
        as deal_stages_monthly_key,
    metric_month,
    source_slug,
    to_pipeline as pipeline,
    to_stage as stage,
    cast(sum(case when stage_entry_number = 1 then 1 else 0 end) as bigint) as deals_entered,
    count(*) as stays,
    cast(sum(case when stage_outcome = 'standing' then 1 else 0 end) as bigint) as deals_standing,
    cast(sum(case when next_status = 'lost' then 1 else 0 end) as bigint) as stays_lost,
    percentile_cont(0.5) within group (order by seconds_to_stage) as seconds_to_stage_p50,
    percentile_cont(0.5) within group (order by stage_stay_seconds) as stay_seconds_p50,
    cast(sum(stage_stay_seconds) as bigint) as stay_seconds_sum
from entries
group by metric_month, source_slug, to_pipeline, to_stage
