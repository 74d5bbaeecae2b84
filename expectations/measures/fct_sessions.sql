-- Published sessions, one row per source.
select
    source_slug as source,
    count(*) as row_count,
    min(session_length_seconds) as session_length_seconds_min,
    max(session_length_seconds) as session_length_seconds_max,
    min(message_count) as message_count_min,
    share(count(*) filter (where customer_message_count > message_count), count(*), 1)
        as more_customer_messages_share,
    share(count(*) filter (where session_length_seconds = 0 and message_count > 1), count(*), 20)
        as instant_session_share
from {{ table }}
group by source_slug
order by source_slug
