-- Agents by day, one row in all.
select
    'all sources' as source,
    count(*) as row_count,
    least(
        min(messages_out), min(conversations_touched), min(replies), min(first_responses)
    ) as count_min,
    least(
        min(effort_seconds_sum), min(reply_calendar_seconds_sum), min(reply_business_seconds_sum), min(first_response_calendar_seconds_sum)
    ) as seconds_min,
    share(count(*) filter (where replies_within_target > replies), count(*), 1)
        as part_above_whole_share,
    share(
        count(*) filter (where reply_calendar_seconds_p50 > reply_calendar_seconds_p90 + 0.001), count(reply_calendar_seconds_p50), 1
    ) as median_above_p90_share,
    count(*) filter (where metric_date > cast({{ latest }} as date)) as future_count
from {{ table }}
group by source
order by source
