{{ config(materialized='incremental', incremental_strategy='by_thread') }}
{# Names and teams of agents in every thread of every build so far, and when they had them last. #}
with

messages as (

    select
        message_num,
        author_name,
        author_team
    from {{ ref('int_messages__unioned') }}
    where author_type = 'agent' and (author_name is not null or author_team is not null)

),

named as (

    select
        events.thread_num,
        events.author_num,
        messages.author_name,
        messages.author_team,
        max(events.sent_micros) as last_event_micros
    from messages
    inner join {{ ref('int_events') }} as events on messages.message_num = events.message_num
    group by
        events.thread_num,
        events.author_num,
        messages.author_name,
        messages.author_team

)

select
    threads.thread_key,
    authors.agent_key,
    named.author_name,
    named.author_team,
    {{ from_micros('named.last_event_micros') }} as last_event_at
from named
inner join {{ ref('int_threads') }} as threads on named.thread_num = threads.thread_num
inner join {{ ref('int_authors') }} as authors on named.author_num = authors.author_num
where authors.agent_key is not null
