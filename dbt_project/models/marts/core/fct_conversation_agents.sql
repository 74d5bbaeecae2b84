{{ config(materialized='incremental', incremental_strategy='by_thread') }}
{% set participation = 'thread_num, stream_no, conversation_no, agent_num' %}
with

events as (

    select
        thread_num,
        stream_no,
        conversation_no,
        author_num,
        sent_micros
    from {{ ref('int_conversation_events') }}
    where conversation_no is not null and kind = {{ kind('agent') }}

),

authors as (

    select * from {{ ref('int_authors') }}
    where agent_num is not null

),

keys as (

    select * from {{ ref('int_conversation_keys') }}

),

conversations as (

    select * from {{ ref('int_conversation_facts') }}

),

-- All by numbers; the keys come once a participation.
messages as (

    select
        events.thread_num,
        events.stream_no,
        events.conversation_no,
        authors.agent_num,
        count(*) as message_count,
        min(events.sent_micros) as first_micros,
        max(events.sent_micros) as last_micros
    from events
    inner join authors on events.author_num = authors.author_num
    group by events.thread_num, events.stream_no, events.conversation_no, authors.agent_num

),

effort as (

    select
        {{ participation }},
        cast(sum(effort_seconds) as bigint) as effort_seconds
    from {{ ref('int_agent_effort') }}
    where conversation_no is not null and agent_num is not null
    group by {{ participation }}

),

replies as (

    select
        waits.thread_num,
        waits.stream_no,
        waits.conversation_no,
        authors.agent_num,
        count(*) as reply_count,
        avg(waits.reply_calendar_seconds) as mean_reply_calendar_seconds,
        avg(waits.reply_business_seconds) as mean_reply_business_seconds,
        max(case when waits.is_first_response then 1 else 0 end) = 1 as gave_first_response
    from {{ ref('int_waits_timed') }} as waits
    inner join authors on waits.reply_author_num = authors.author_num
    where waits.reply_message_num is not null
    group by waits.thread_num, waits.stream_no, waits.conversation_no, authors.agent_num

),

participations as (

    select
        keys.conversation_key,
        authors.agent_key,
        messages.message_count,
        coalesce(replies.reply_count, 0) as reply_count,
        replies.mean_reply_calendar_seconds,
        replies.mean_reply_business_seconds,
        effort.effort_seconds,
        {{ from_micros('messages.first_micros') }} as first_message_at,
        {{ from_micros('messages.last_micros') }} as last_message_at,
        coalesce(replies.gave_first_response, false) as gave_first_response
    from messages
    left join effort using ({{ participation }})
    left join replies using ({{ participation }})
    inner join keys using (thread_num, stream_no, conversation_no)
    inner join authors on messages.agent_num = authors.author_num

)

select
    {{ key(['participations.conversation_key', 'participations.agent_key']) }}
        as conversation_agent_key,
    participations.conversation_key,
    conversations.thread_key,
    participations.agent_key,
    conversations.customer_key,
    conversations.channel_key,
    conversations.team_key,
    conversations.started_local_date,
    conversations.is_spam,
    participations.message_count,
    participations.reply_count,
    participations.mean_reply_calendar_seconds,
    participations.mean_reply_business_seconds,
    participations.effort_seconds,
    participations.first_message_at,
    participations.last_message_at,
    participations.gave_first_response
from participations
inner join conversations on participations.conversation_key = conversations.conversation_key
