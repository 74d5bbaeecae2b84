{{ config(materialized='incremental', incremental_strategy='by_thread') }}
{# Every thread of every build so far, with what the tables about all threads are made from. #}
with

messages as (

    select
        source_slug,
        thread_id,
        min(sent_at) as first_event_at,
        max(sent_at) as last_event_at,
        max(load_id) as last_load_id,
        -- As the metric counts them: events and system lines are no messages.
        cast(sum(
            case when event_type = 'message' and author_type <> 'system' then 1 else 0 end
        ) as bigint) as message_count
    from {{ ref('int_messages__unioned') }}
    group by source_slug, thread_id

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
    messages.first_event_at,
    messages.last_event_at,
    messages.last_load_id,
    messages.message_count
from {{ ref('int_threads') }} as threads
inner join messages
    on
        threads.source_slug = messages.source_slug
        and threads.thread_id = messages.thread_id
