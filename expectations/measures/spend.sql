-- Raw advertising spend, one row per source name.
with

events as (

    select
        source_name as source,
        cast(spent_on as timestamp) at time zone 'UTC' as happened_at,
        coalesce(channel_type, '') as category,
        try_cast(_dlt_load_id as double) as loaded_epoch
    from {{ table }}

),

{{ rhythm }},

{{ freshness }},

days as (

    select
        source_name as source,
        spent_on,
        sum(amount) as amount
    from {{ table }}
    group by source_name, spent_on

),

outliers as (

    select
        source,
        case
            when count(*) filter (where amount > 0) >= 30
                then max(amount) / median(amount) filter (where amount > 0)
        end as day_max_to_median
    from days
    group by source

),

measured as (

    select
        source_name as source,
        count(*) as row_count,
        min(amount) as amount_min,
        share(count(*) filter (where amount = 0), count(*), 20) as zero_share,
        share(
            count(*) filter (
                where lead_source is null and campaign is null and channel_type is null
            ),
            count(*),
            20
        ) as unassigned_share,
        share(
            count(*) filter (where clicks > impressions),
            count(*) filter (where clicks is not null and impressions is not null),
            20
        ) as clicks_above_impressions_share,
        least(min(impressions), min(clicks)) as count_min,
        count(*) filter (where spent_on < date '1990-01-01') as ancient_count,
        -- Budgets are planned ahead: a booked month is no error, a booked year is.
        share(
            count(*) filter (where spent_on > cast({{ latest }} as date) + 366), count(*), 1
        ) as far_future_share
    from {{ table }}
    group by source_name

)

select
    measured.*,
    outliers.day_max_to_median,
    volume.volume_ratio,
    freshness.silence_ratio
from measured
left join outliers on measured.source = outliers.source
left join volume on measured.source = volume.source
left join freshness on measured.source = freshness.source
order by measured.source
