-- Published conversations, one row per source.
with

events as (

    select
        source_slug as source,
        started_at as happened_at,
        interaction_type as category
    from {{ table }}

),

{{ rhythm }},

measured as (

    select
        source_slug as source,
        count(*) as row_count,
        least(
            min(first_response_calendar_seconds), min(first_response_business_seconds),
            min(frt_customer_view_seconds), min(frt_bot_seconds), min(dialog_duration_seconds),
            min(aht_active_seconds), min(resolution_calendar_seconds),
            min(resolution_business_seconds)
        ) as seconds_min,
        greatest(
            max(first_response_calendar_seconds), max(dialog_duration_seconds),
            max(resolution_calendar_seconds)
        ) as seconds_max,
        min(message_count) as message_count_min,
        least(
            min(customer_message_count), min(agent_message_count), min(bot_message_count),
            min(agent_count), min(deal_count)
        ) as count_min,
        share(
            count(*) filter (where first_response_calendar_seconds = 0),
            count(first_response_calendar_seconds),
            20
        ) as instant_response_share,
        share(
            count(*) filter (where is_answered), count(is_answered), 100
        ) as answered_share,
        share(count(*) filter (where customer_key is null), count(*), 100) as customer_null_share,
        share(count(*) filter (where started_at > {{ latest }}), count(*), 1) as future_share
    from {{ table }}
    group by source_slug

)

select
    measured.*,
    volume.volume_ratio,
    volume.mix_shift
from measured
left join volume on measured.source = volume.source
order by measured.source
