ends as (

    select
        source,
        max(happened_at) as last_at
    from events
    where happened_at <= {{ latest }}
    group by source

),

-- Weeks are counted back from the source's own last event, so an old export is judged by itself.
aged as (

    select
        events.source,
        events.category,
        cast(floor(epoch(ends.last_at - events.happened_at) / 604800) as integer) as week
    from events
    inner join ends on events.source = ends.source
    where
        events.happened_at <= ends.last_at
        and events.happened_at > ends.last_at - interval 112 day

),

weeks as (

    select
        source,
        week,
        count(*) as event_count
    from aged
    where week <= 8
    group by source, week

),

weekly as (

    select
        source,
        case
            when
                count(*) filter (where week > 0) >= 4
                and median(event_count) filter (where week > 0) >= 20
                then
                    max(event_count) filter (where week = 0)
                    / median(event_count) filter (where week > 0)
        end as volume_ratio
    from weeks
    group by source

),

categories as (

    select
        source,
        category,
        count(*) filter (where week < 4) as recent_count,
        count(*) filter (where week >= 4) as earlier_count
    from aged
    group by source, category

),

totals as (

    select
        source,
        sum(recent_count) as recent_total,
        sum(earlier_count) as earlier_total
    from categories
    group by source

),

mixes as (

    select
        categories.source,
        case
            when any_value(totals.recent_total) >= 100 and any_value(totals.earlier_total) >= 100
                then
                    0.5 * sum(abs(
                        categories.recent_count / totals.recent_total
                        - categories.earlier_count / totals.earlier_total
                    ))
        end as mix_shift
    from categories
    inner join totals on categories.source = totals.source
    group by categories.source

),

clock_times as (

    select
        source,
        cast(epoch(happened_at) as bigint) % 86400 as time_of_day,
        count(*) as event_count
    from events
    group by source, time_of_day

),

clocks as (

    select
        source,
        share(max(event_count), sum(event_count), 50) as same_time_share
    from clock_times
    group by source

),

volume as (

    select
        ends.source,
        weekly.volume_ratio,
        mixes.mix_shift,
        clocks.same_time_share
    from ends
    left join weekly on ends.source = weekly.source
    left join mixes on ends.source = mixes.source
    left join clocks on ends.source = clocks.source

)
