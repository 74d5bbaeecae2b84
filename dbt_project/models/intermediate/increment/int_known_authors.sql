{{ config(materialized='incremental', incremental_strategy='by_thread') }}
{#
    Every author of every thread of every build so far: who it is, under which names and teams, and
    when they wrote. The tables about people are made from it.
#}
with

events as (

    select
        events.thread_num,
        events.author_num,
        messages.author_type,
        messages.author_source_id,
        messages.author_name,
        messages.author_team,
        min(messages.sent_at) as first_event_at,
        max(messages.sent_at) as last_event_at,
        min(case when messages.event_type = 'message' then messages.sent_at end)
            as first_message_at,
        max(case when messages.event_type = 'message' then messages.sent_at end)
            as last_message_at,
        count(case when messages.event_type = 'message' then 1 end) as message_count
    from {{ ref('int_messages__unioned') }} as messages
    inner join {{ ref('int_events') }} as events on messages.message_num = events.message_num
    group by
        events.thread_num,
        events.author_num,
        messages.author_type,
        messages.author_source_id,
        messages.author_name,
        messages.author_team

),

identities as (

    select * from {{ ref('int_customer_identities') }}

)

select
    threads.thread_key,
    threads.source_slug,
    threads.thread_id,
    events.author_type,
    events.author_source_id,
    events.author_name,
    events.author_team,
    authors.agent_key,
    authors.customer_key,
    identities.phone_id,
    events.first_event_at,
    events.last_event_at,
    events.first_message_at,
    events.last_message_at,
    events.message_count
from events
inner join {{ ref('int_threads') }} as threads on events.thread_num = threads.thread_num
left join {{ ref('int_authors') }} as authors on events.author_num = authors.author_num
left join identities
    on
        events.author_type = 'customer'
        and threads.source_slug = identities.source_slug
        and events.author_source_id = identities.author_source_id
