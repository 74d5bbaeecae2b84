{{ config(materialized='incremental', incremental_strategy='by_thread') }}
{# Our first steps towards a customer, answered (they opened a conversation) or not. #}
with

answered as (

    select
        conversations.first_message_num,
        keys.conversation_key,
        conversations.thread_num,
        conversations.started_micros,
        conversations.first_customer_micros
    from {{ ref('int_conversations') }} as conversations
    inner join {{ ref('int_conversation_keys') }} as keys
        using (thread_num, stream_no, conversation_no)
    where conversations.initiated_by = 'us'

),

unanswered as (

    select
        thread_num,
        stream_no,
        segment_no,
        min_by(message_num, event_index) as first_message_num,
        min(sent_micros) as started_micros
    from {{ ref('int_conversation_events') }}
    where is_unanswered_outbound
    group by thread_num, stream_no, segment_no

),

attempts as (

    select
        thread_num,
        first_message_num,
        conversation_key,
        started_micros,
        first_customer_micros
    from answered

    union all

    select
        thread_num,
        first_message_num,
        cast(null as {{ dbt.type_string() }}) as conversation_key,
        started_micros,
        cast(null as bigint) as first_customer_micros
    from unanswered

),

threads as (

    select * from {{ ref('int_threads') }}

),

timed as (

    select
        *,
        {{ from_micros('started_micros') }} as started_at,
        {{ from_micros('first_customer_micros') }} as customer_replied_at
    from attempts

)

select
    {{ key(["'outbound'", message_key('messages')]) }} as outbound_attempt_key,
    {{ message_key('messages') }} as first_message_key,
    timed.conversation_key,
    threads.thread_key,
    threads.source_slug,
    threads.channel_type,
    threads.channel_key,
    threads.team as team_key,
    authors.agent_key,
    timed.started_at,
    {{ local_date('timed.started_at') }} as started_local_date,
    timed.customer_replied_at,
    {{ seconds_between('timed.started_at', 'timed.customer_replied_at') }}
        as customer_reply_seconds,
    timed.conversation_key is not null as is_replied
from timed
inner join threads on timed.thread_num = threads.thread_num
inner join {{ ref('int_message_contents') }} as messages
    on timed.first_message_num = messages.message_num
inner join {{ ref('int_events') }} as events on timed.first_message_num = events.message_num
left join {{ ref('int_authors') }} as authors on events.author_num = authors.author_num
