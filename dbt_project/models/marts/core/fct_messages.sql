{{ config(materialized='incremental', incremental_strategy='by_thread') }}
with

messages as (

    select * from {{ ref('int_messages__unioned') }}
    where event_type = 'message'

),

threads as (

    select * from {{ ref('int_threads') }}

),

turns as (

    select * from {{ ref('int_turns') }}

),

keys as (

    select * from {{ ref('int_conversation_keys') }}

),

sessions as (

    select * from {{ ref('int_session_keys') }}

),

people as (

    select * from {{ ref('int_authors') }}

),

replies as (

    select
        reply_message_num,
        reply_calendar_seconds
    from {{ ref('int_waits_timed') }}
    where reply_message_num is not null

),

effort as (

    select * from {{ ref('int_agent_effort') }}

)

select
    {{ message_key('messages') }} as message_key,
    keys.conversation_key,
    sessions.session_key,
    threads.thread_key,
    cast(turns.turn_index as bigint) as turn_index,
    messages.source_slug,
    messages.channel_type,
    threads.channel_key,
    messages.author_type,
    people.agent_key,
    people.customer_key,
    messages.sent_at,
    {{ local_date('messages.sent_at') }} as sent_local_date,
    messages.content_type,
    messages.is_public,
    messages.is_template,
    turns.kind = {{ kind('courtesy') }} as is_courtesy,
    replies.reply_message_num is not null as is_reply,
    replies.reply_calendar_seconds as response_seconds,
    effort.effort_seconds,
    turns.is_unanswered_outbound,
    messages.text as text_masked,
    messages.text_length,
    messages.edited_at,
    messages.deleted_at,
    case
        when messages.reply_to_message_id is not null
            then {{ message_key('messages', 'messages.reply_to_message_id') }}
    end as reply_to_message_key,
    messages.message_seq
from messages
inner join turns on messages.message_num = turns.message_num
inner join threads on turns.thread_num = threads.thread_num
left join keys
    on
        turns.thread_num = keys.thread_num
        and turns.stream_no = keys.stream_no
        and turns.conversation_no = keys.conversation_no
left join sessions
    on
        turns.thread_num = sessions.thread_num
        and turns.session_no = sessions.session_no
left join people on turns.author_num = people.author_num
left join replies on messages.message_num = replies.reply_message_num
left join effort on messages.message_num = effort.message_num
