active_days as (

    select distinct  -- many events fall on one day
        events.source,
        cast(events.happened_at as date) as active_on
    from events
    inner join ends on events.source = ends.source
    where
        events.happened_at <= ends.last_at
        and events.happened_at > ends.last_at - interval 90 day

),

pauses as (

    select
        source,
        active_on - lag(active_on) over (partition by source order by active_on) as pause_days
    from active_days

),

usual as (

    select
        source,
        max(pause_days) as longest_pause_days
    from pauses
    group by source

),

loads as (

    select
        source,
        count(distinct cast(to_timestamp(loaded_epoch) as date)) as load_day_count
    from events
    group by source

),

-- Only sources that somebody keeps feeding can go silent; a file imported once is just old.
freshness as (

    select
        ends.source,
        case
            when loads.load_day_count >= 3
                then
                    epoch({{ now }} - ends.last_at) / 86400.0
                    / greatest(coalesce(usual.longest_pause_days, 1), 1)
        end as silence_ratio
    from ends
    inner join loads on ends.source = loads.source
    left join usual on ends.source = usual.source

)
