{{ config(materialized='incremental', incremental_strategy='by_thread') }}
with

waits as (

    select * from {{ ref('int_waits_timed') }}

),

keys as (

    select * from {{ ref('int_conversation_keys') }}

),

threads as (

    select * from {{ ref('int_threads') }}

),

conversations as (

    select * from {{ ref('int_conversations') }}

),

conversation_people as (

    select * from {{ ref('int_conversation_people') }}

),

authors as (

    select * from {{ ref('int_authors') }}

),

messages as (

    select
        message_num,
        message_id
    from {{ ref('int_message_contents') }}

)

select
    {{ key(["'reply'", message_key('threads', 'waiting_messages.message_id')]) }} as reply_key,
    keys.conversation_key,
    keys.thread_key,
    threads.source_slug,
    threads.channel_type,
    threads.channel_key,
    threads.team as team_key,
    coalesce(waiting_people.customer_key, conversation_people.customer_key) as customer_key,
    repliers.agent_key,
    {{ message_key('threads', 'waiting_messages.message_id') }} as waiting_message_key,
    case
        when waits.reply_message_num is not null
            then {{ message_key('threads', 'reply_messages.message_id') }}
    end as reply_message_key,
    waits.waiting_since_at,
    {{ local_date('waits.waiting_since_at') }} as waiting_since_local_date,
    waits.replied_at,
    waits.stopped_at,
    waits.due_at,
    waits.reply_calendar_seconds,
    waits.reply_business_seconds,
    waits.is_first_response,
    waits.replied_at is not null as is_answered,
    waits.replied_at is null and waits.stopped_at is null and conversations.is_open as is_open,
    {{ is_in_time('waits', target_reached('waits.waiting_since_at')) }} as is_within_target,
    {{ is_in_time('waits', 'waits.due_at') }} as is_within_target_business
from waits
inner join keys using (thread_num, stream_no, conversation_no)
inner join conversations using (thread_num, stream_no, conversation_no)
inner join threads on waits.thread_num = threads.thread_num
left join conversation_people using (thread_num, stream_no, conversation_no)
inner join messages as waiting_messages on waits.waiting_message_num = waiting_messages.message_num
left join messages as reply_messages on waits.reply_message_num = reply_messages.message_num
left join authors as waiting_people on waits.waiting_author_num = waiting_people.author_num
left join authors as repliers on waits.reply_author_num = repliers.author_num
