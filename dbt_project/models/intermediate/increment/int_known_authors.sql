{{ config(materialized='incremental', incremental_strategy='by_thread') }}
{#
    Every author of every thread of every build so far: who it is and when they wrote. The tables about
    people are made from it.
#}
with

identities as (

    select * from {{ ref('int_customer_identities') }}

),

-- By numbers alone, since agents and customers write nearly all messages.
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
    where author_num is not null
    group by thread_num, author_num

),

-- Nobody yet: whom a roster may name later.
others as (

    select
        source_slug,
        thread_id,
        author_type,
        author_source_id
    from {{ ref('int_messages__unioned') }}
    where author_type not in ('agent', 'customer') and author_source_id is not null
    group by source_slug, thread_id, author_type, author_source_id

)

select
    threads.thread_key,
    threads.source_slug,
    threads.thread_id,
    authors.author_type,
    authors.author_source_id,
    authors.agent_key,
    authors.customer_key,
    case when authors.author_type = 'customer' then identities.phone_id end as phone_id,
    {{ from_micros('numbered.first_event_micros') }} as first_event_at,
    {{ from_micros('numbered.last_event_micros') }} as last_event_at,
    {{ from_micros('numbered.first_message_micros') }} as first_message_at,
    {{ from_micros('numbered.last_message_micros') }} as last_message_at,
    numbered.message_count
from numbered
inner join {{ ref('int_threads') }} as threads on numbered.thread_num = threads.thread_num
inner join {{ ref('int_authors') }} as authors on numbered.author_num = authors.author_num
left join identities
    on
        authors.source_slug = identities.source_slug
        and authors.author_source_id = identities.author_source_id

union all

select
    {{ thread_key('others') }} as thread_key,
    others.source_slug,
    others.thread_id,
    others.author_type,
    others.author_source_id,
    null as agent_key,
    null as customer_key,
    null as phone_id,
    null as first_event_at,
    null as last_event_at,
    null as first_message_at,
    null as last_message_at,
    0 as message_count
from others
