{#
    Events of a thread in their order, classified, with the wide text dropped so that all later
    sorts are narrow; and the bursts of activity (sessions) that the same order shows.
#}
{% set spoken_kinds = kinds(['customer', 'courtesy', 'agent', 'bot', 'template']) %}
{% set session_gap = var('session_gap_seconds') * 1000000 %}

with

messages as (

    select * from {{ ref('int_messages__unioned') }}

),

threads as (

    select * from {{ ref('int_threads') }}

),

authors as (

    select * from {{ ref('int_authors') }}

),

texts as (

    select
        message_num,
        text,
        position('?' in text) > 0 as has_question_mark,
        {{ matches('lower(text)', var('phrase_start_pattern')) }} as begins_like_a_phrase
    from {{ ref('int_messages__unioned') }}
    where event_type = 'message' and author_type = 'customer' and text is not null

),

courtesies as (

    select
        message_num,
        case
            when begins_like_a_phrase
                then {{ matches(normalised_text('text'), var('courtesy_pattern')) }}
            else false
        end as is_courtesy,
        case
            when has_question_mark then true
            when begins_like_a_phrase
                then {{ matches(normalised_text('text'), var('question_pattern')) }}
            else false
        end as is_question
    from texts

),

-- Platform conversations are streams of their own; everything else is one stream a thread.
streams as (

    select
        source_slug,
        thread_id,
        source_conversation_id,
        cast(row_number() over (
            partition by source_slug, thread_id
            order by source_conversation_id
        ) as integer) as stream_no
    from {{ ref('int_messages__unioned') }}
    where source_conversation_id is not null
    group by source_slug, thread_id, source_conversation_id

),

classified as (

    select
        threads.thread_num,
        case
            when threads.conversation_mode = 'thread' then 0
            else coalesce(streams.stream_no, 0)
        end as stream_no,
        case
            when threads.conversation_mode = 'thread' then 'thread'
            when messages.source_conversation_id is not null then 'platform'
            else 'gap'
        end as stream_mode,
        messages.sent_at,
        messages.message_seq,
        messages.message_id,
        messages.message_num,
        authors.author_num,
        {{ micros('messages.sent_at') }} as sent_micros,
        case
            when messages.event_type = 'close' then {{ kind('close') }}
            when messages.event_type in ('handoff', 'handoff_requested') then {{ kind('handoff') }}
            when messages.event_type = 'no_reply_needed' then {{ kind('no_reply') }}
            when messages.event_type <> 'message' then {{ kind('neutral') }}
            when not messages.is_public then {{ kind('neutral') }}
            when messages.content_type = 'reaction' then {{ kind('neutral') }}
            when messages.author_type = 'customer' and courtesies.is_courtesy
                then {{ kind('courtesy') }}
            when messages.author_type = 'customer' then {{ kind('customer') }}
            when messages.author_type = 'agent' and messages.is_template
                then {{ kind('template') }}
            when messages.author_type = 'agent' then {{ kind('agent') }}
            when messages.author_type = 'bot' then {{ kind('bot') }}
            else {{ kind('neutral') }}
        end as kind,
        coalesce(courtesies.is_question, false) as is_question,
        messages.event_type = 'message' as is_message,
        messages.text_length,
        messages.author_type = 'agent' and position('?' in coalesce(messages.text, '')) > 0
            as is_question_of_agent,
        threads.gap_micros
    from messages
    inner join threads
        on
            messages.source_slug = threads.source_slug
            and messages.thread_id = threads.thread_id
    left join courtesies on messages.message_num = courtesies.message_num
    left join streams
        on
            messages.source_slug = streams.source_slug
            and messages.thread_id = streams.thread_id
            and messages.source_conversation_id = streams.source_conversation_id
    left join authors
        on
            messages.source_slug = authors.source_slug
            and messages.author_type = authors.author_type
            and coalesce(messages.author_source_id, '') = coalesce(authors.author_source_id, '')
            and coalesce(messages.staff_id, '') = coalesce(authors.staff_id, '')

),

{% set order = 'partition by thread_num order by sent_at, message_seq, message_id' -%}
ordered as (

    select
        thread_num,
        stream_no,
        stream_mode,
        message_num,
        author_num,
        sent_micros,
        kind,
        is_question,
        is_message,
        text_length,
        is_question_of_agent,
        gap_micros,
        cast(row_number() over ({{ order }}) as integer) as event_index,
        last_value(case when is_message then sent_micros end ignore nulls) over (
            {{ order }}
            rows between unbounded preceding and 1 preceding
        ) as previous_message_micros,
        last_value(case when kind in {{ spoken_kinds }} then kind end ignore nulls) over (
            {{ order }}
            rows between unbounded preceding and 1 preceding
        ) is not null as has_message_before
    from classified

)

select
    thread_num,
    stream_no,
    stream_mode,
    event_index,
    message_num,
    author_num,
    sent_micros,
    case
        -- The very first words of a thread thank for nothing: they are a request.
        when kind = {{ kind('courtesy') }} and not has_message_before then {{ kind('customer') }}
        else kind
    end as kind,
    is_question,
    is_message,
    text_length,
    is_question_of_agent,
    gap_micros,
    -- A pause of more than the session gap splits; events are no activity.
    case when is_message then cast(sum(
        case
            when not is_message then 0
            when
                previous_message_micros is null
                or sent_micros - previous_message_micros > {{ session_gap }}
                then 1
            else 0
        end
    ) over (
        partition by thread_num
        order by event_index
        rows unbounded preceding
    ) as integer) end as session_no
from ordered
