{{ config(materialized='incremental', incremental_strategy='by_thread') }}
{# Every thread of every build so far, with what the tables about all threads are made from. #}
with

events as (

    select
        events.thread_num,
        min(events.sent_micros) as first_event_micros,
        max(events.sent_micros) as last_event_micros,
        -- As the metric counts them: events and system lines are no messages.
        count(case when events.is_message and authors.author_type <> 'system' then 1 end)
            as message_count
    from {{ ref('int_events') }} as events
    inner join {{ ref('int_authors') }} as authors on events.author_num = authors.author_num
    group by events.thread_num

)

select
    threads.thread_key,
    threads.source_slug,
    threads.thread_id,
    threads.channel_key,
    threads.channel_type,
    threads.channel_account_id,
    threads.channel_name,
    threads.team,
    {{ from_micros('events.first_event_micros') }} as first_event_at,
    {{ from_micros('events.last_event_micros') }} as last_event_at,
    threads.last_load_id,
    events.message_count
from {{ ref('int_threads') }} as threads
inner join events on threads.thread_num = events.thread_num
