-- Conversations by day, one row per source.
select
    source_slug as source,
    count(*) as row_count,
    least(
        min(conversations_started), min(first_responses), min(unanswered), min(messages_in), min(messages_out)
    ) as count_min,
    least(
        min(first_response_calendar_seconds_sum), min(first_response_calendar_seconds_p50), min(dialog_duration_seconds_sum), min(aht_active_seconds_sum)
    ) as seconds_min,
    share(count(*) filter (where first_responses_within_target > first_responses_decided), count(*), 1)
        as part_above_whole_share,
    share(
        count(*) filter (where first_response_calendar_seconds_p50 > first_response_calendar_seconds_p90 + 0.001), count(first_response_calendar_seconds_p50), 1
    ) as median_above_p90_share,
    count(*) filter (where metric_date > cast({{ latest }} as date)) as future_count
from {{ table }}
group by source
order by source
