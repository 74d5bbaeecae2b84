with

messages as (

    select * from {{ ref('int_messages__unioned') }}
    where event_type = 'message'

),

threads as (

    select * from {{ ref('int_threads') }}

),

events as (

    select * from {{ ref('int_conversation_events') }}

),

keys as (

    select * from {{ ref('int_conversation_keys') }}

),

turns as (

    select * from {{ ref('int_turns') }}

),

sessions as (

    select
        sessions.message_num,
        keys.session_key
    from {{ ref('int_sessions') }} as sessions
    inner join {{ ref('int_session_keys') }} as keys using (thread_num, session_no)

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
    messages.message_key,
    keys.conversation_key,
    sessions.session_key,
    messages.thread_key,
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
            then {{ key([
                'messages.source_slug', 'messages.thread_id', 'messages.reply_to_message_id'
            ]) }}
    end as reply_to_message_key,
    messages.message_seq
from messages
inner join threads on messages.thread_key = threads.thread_key
inner join events on messages.message_num = events.message_num
left join keys
    on
        events.thread_num = keys.thread_num
        and events.stream_id = keys.stream_id
        and events.conversation_no = keys.conversation_no
left join turns on messages.message_num = turns.message_num
left join sessions on messages.message_num = sessions.message_num
left join people on events.author_num = people.author_num
left join replies on messages.message_num = replies.reply_message_num
left join effort on messages.message_num = effort.message_num
