{{ config(materialized='incremental', incremental_strategy='by_thread') }}
{#
    Every author of every thread of every build so far: who it is and when they wrote. The tables about
    people are made from it. Who is nobody yet is kept as well: a roster may name them later.
#}
with

-- By numbers alone, since there is a row per message.
numbered as (

    select
        thread_num,
        author_num,
        min(sent_micros) as first_event_micros,
        max(sent_micros) as last_event_micros,
        min(case when is_message then sent_micros end) as first_message_micros,
        max(case when is_message then sent_micros end) as last_message_micros,
        count(case when is_message then 1 end) as message_count
    from {{ ref('int_events') }}
    group by thread_num, author_num

)

select
    threads.thread_key,
    threads.source_slug,
    threads.thread_id,
    authors.author_type,
    authors.author_source_id,
    authors.agent_key,
    authors.customer_key,
    authors.phone_id,
    {{ from_micros('numbered.first_event_micros') }} as first_event_at,
    {{ from_micros('numbered.last_event_micros') }} as last_event_at,
    {{ from_micros('numbered.first_message_micros') }} as first_message_at,
    {{ from_micros('numbered.last_message_micros') }} as last_message_at,
    numbered.message_count
from numbered
inner join {{ ref('int_threads') }} as threads on numbered.thread_num = threads.thread_num
inner join {{ ref('int_authors') }} as authors on numbered.author_num = authors.author_num
where authors.author_type in ('agent', 'customer') or authors.author_source_id is not null
