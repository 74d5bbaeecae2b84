{{ config(materialized='incremental', incremental_strategy='by_thread') }}
with

events as (

    select
        thread_num,
        stream_no,
        conversation_no,
        message_num,
        author_num,
        sent_micros
    from {{ ref('int_conversation_events') }}
    where conversation_no is not null and kind = {{ kind('agent') }}

),

people as (

    select * from {{ ref('int_authors') }}

),

effort as (

    select * from {{ ref('int_agent_effort') }}

),

keys as (

    select * from {{ ref('int_conversation_keys') }}

),

first_responses as (

    select * from {{ ref('int_first_responses') }}

),

conversations as (

    select * from {{ ref('int_conversation_facts') }}

),

waits as (

    select
        reply_message_num,
        reply_calendar_seconds,
        reply_business_seconds
    from {{ ref('int_waits_timed') }}
    where reply_message_num is not null

),

participations as (

    select
        keys.conversation_key,
        people.agent_key,
        count(*) as message_count,
        count(waits.reply_message_num) as reply_count,
        avg(waits.reply_calendar_seconds) as mean_reply_calendar_seconds,
        avg(waits.reply_business_seconds) as mean_reply_business_seconds,
        cast(sum(effort.effort_seconds) as bigint) as effort_seconds,
        min({{ from_micros('events.sent_micros') }}) as first_message_at,
        max({{ from_micros('events.sent_micros') }}) as last_message_at,
        max(case
            when first_responses.reply_message_num = events.message_num then 1 else 0
        end) = 1 as gave_first_response
    from events
    inner join people on events.author_num = people.author_num
    inner join keys using (thread_num, stream_no, conversation_no)
    left join effort on events.message_num = effort.message_num
    left join waits on events.message_num = waits.reply_message_num
    left join first_responses
        on
            events.thread_num = first_responses.thread_num
            and events.stream_no = first_responses.stream_no
            and events.conversation_no = first_responses.conversation_no
    where people.agent_key is not null
    group by keys.conversation_key, people.agent_key

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
