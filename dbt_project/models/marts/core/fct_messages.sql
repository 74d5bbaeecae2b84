{{ config(materialized='incremental', incremental_strategy='by_thread') }}
with

messages as (

    select * from {{ ref('int_message_contents') }}

),

threads as (

    select * from {{ ref('int_threads') }}

),

events as (

    -- Not by event_type of the contents: the planner would take those for few, and keep their texts
    -- in memory for the join instead of these numbers.
    select * from {{ ref('int_conversation_events') }}
    where is_message

),

keys as (

    select
        keys.thread_num,
        keys.stream_no,
        keys.conversation_no,
        keys.conversation_key,
        conversations.first_turn_no
    from {{ ref('int_conversation_keys') }} as keys
    inner join {{ ref('int_conversations') }} as conversations
        using (thread_num, stream_no, conversation_no)

),

sessions as (

    select * from {{ ref('int_sessions') }}

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
    cast(events.turn_no - keys.first_turn_no + 1 as bigint) as turn_index,
    messages.source_slug,
    messages.channel_type,
    threads.channel_key,
    people.author_type,
    people.agent_key,
    people.customer_key,
    messages.sent_at,
    {{ local_date('messages.sent_at') }} as sent_local_date,
    messages.content_type,
    messages.is_public,
    messages.is_template,
    events.kind = {{ kind('courtesy') }} as is_courtesy,
    replies.reply_message_num is not null as is_reply,
    replies.reply_calendar_seconds as response_seconds,
    effort.effort_seconds,
    events.is_unanswered_outbound,
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
inner join events on messages.message_num = events.message_num
inner join threads on events.thread_num = threads.thread_num
left join keys
    on
        events.thread_num = keys.thread_num
        and events.stream_no = keys.stream_no
        and events.conversation_no = keys.conversation_no
left join sessions
    on
        events.thread_num = sessions.thread_num
        and events.session_no = sessions.session_no
inner join people on events.author_num = people.author_num
left join replies on messages.message_num = replies.reply_message_num
left join effort on messages.message_num = effort.message_num
