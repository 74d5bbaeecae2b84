{#
    Events of a thread in their order, classified, with the wide text dropped so that all later
    sorts are narrow; the bursts of activity (sessions) that the same order shows; and, in the columns
    plain_*, the conversations and turns of a thread whose boundaries silence alone decides. Whether it
    does, int_intricate_threads tells.
#}
{% set spoken_kinds = kinds(['customer', 'courtesy', 'agent', 'bot', 'template']) %}
{% set customer_kinds = kinds(['customer', 'courtesy']) %}
{% set cap = var('unanswered_cap_seconds') * 1000000 %}
{% set session_gap = var('session_gap_seconds') * 1000000 %}
{# What all steps hand on. #}
{% set passengers = '''
        thread_num, stream_no, message_num, author_num, sent_micros, is_question, is_message,
        text_length, is_question_of_agent, gap_micros, is_whole_thread
''' | trim %}

with

messages as (

    select
        *,
        case when event_type = 'message' and author_type = 'customer' then text end
            as customer_text
    from {{ ref('int_messages__unioned') }}

),

phrases as (

    select
        *,
        position('?' in customer_text) > 0 as has_question_mark,
        -- What does not begin like a phrase of the lists needs no closer look.
        case
            when {{ matches('lower(customer_text)', var('phrase_start_pattern')) }}
                then {{ normalised_text('customer_text') }}
        end as phrase
    from messages

),

threads as (

    select * from {{ ref('int_threads') }}

),

authors as (

    select * from {{ ref('int_authors') }}

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
    from {{ ref('int_message_contents') }}
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
        threads.conversation_mode = 'thread' as is_whole_thread,
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
            when {{ matches('messages.phrase', var('courtesy_pattern')) }}
                then {{ kind('courtesy') }}
            when messages.author_type = 'customer' then {{ kind('customer') }}
            when messages.author_type = 'agent' and messages.is_template
                then {{ kind('template') }}
            when messages.author_type = 'agent' then {{ kind('agent') }}
            when messages.author_type = 'bot' then {{ kind('bot') }}
            else {{ kind('neutral') }}
        end as kind,
        case
            when messages.has_question_mark then true
            else coalesce({{ matches('messages.phrase', var('question_pattern')) }}, false)
        end as is_question,
        messages.event_type = 'message' as is_message,
        messages.text_length,
        messages.author_type = 'agent' and position('?' in coalesce(messages.text, '')) > 0
            as is_question_of_agent,
        threads.gap_micros
    from phrases as messages
    inner join threads
        on
            messages.source_slug = threads.source_slug
            and messages.thread_id = threads.thread_id
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

{% set order = 'partition by thread_num order by sent_micros, message_seq, message_id' -%}
{% set before = 'rows between unbounded preceding and 1 preceding' -%}
ordered as (

    select
        {{ passengers }},
        kind,
        cast(row_number() over ({{ order }}) as integer) as event_index,
        last_value(case when is_message then sent_micros end ignore nulls)
            over ({{ order }} {{ before }}) as previous_message_micros,
        last_value(case when kind in {{ spoken_kinds }} then sent_micros end ignore nulls)
            over ({{ order }} {{ before }}) as previous_micros,
        last_value(case when kind in {{ spoken_kinds }} then kind end ignore nulls)
            over ({{ order }} {{ before }}) as previous_kind,
        last_value(case when kind in {{ customer_kinds }} then sent_micros end ignore nulls)
            over ({{ order }} {{ before }}) as customer_micros
    from classified

),

limited as (

    select
        {{ passengers }},
        event_index,
        previous_message_micros,
        previous_kind,
        customer_micros,
        kind in {{ spoken_kinds }} as is_spoken,
        sent_micros - previous_micros as silence_micros,
        {{ side_of('previous_kind') }} as previous_side,
        -- The very first words of a thread thank for nothing: they are a request.
        case
            when kind = {{ kind('courtesy') }} and previous_kind is null then {{ kind('customer') }}
            else kind
        end as kind,
        kind = {{ kind('courtesy') }} and previous_kind is null as is_opening_thanks,
        case
            when is_whole_thread then false
            else sent_micros - previous_micros > case
                when previous_kind = {{ kind('customer') }} then {{ cap }}
                else gap_micros
            end
        end as is_late
    from ordered

),

sided as (

    select
        *,
        {{ side_of('kind') }} as side,
        is_spoken and (previous_kind is null or is_late) as starts_segment
    from limited

),

{% set so_far = 'partition by thread_num order by event_index' -%}
counted as (

    select
        *,
        -- A pause of more than the session gap splits; events are no activity.
        count(
            case
                when
                    is_message
                    and (
                        previous_message_micros is null
                        or sent_micros - previous_message_micros > {{ session_gap }}
                    )
                    then 1
            end
        ) over ({{ so_far }} rows unbounded preceding) as session_no,
        last_value(case when starts_segment then event_index end ignore nulls)
            over ({{ so_far }} rows unbounded preceding) as segment_no,
        count(case when starts_segment or side <> previous_side then 1 end)
            over ({{ so_far }} rows unbounded preceding) as turn_no,
        last_value(case when kind = {{ kind('agent') }} then event_index end ignore nulls)
            over ({{ so_far }} {{ before }}) as answer_index,
        last_value(case when kind in {{ customer_kinds }} then event_index end ignore nulls)
            over ({{ so_far }} {{ before }}) as customer_index
    from sided

)

select
    thread_num,
    stream_no,
    case
        when is_whole_thread then 'thread'
        when stream_no > 0 then 'platform'
        else 'gap'
    end as stream_mode,
    event_index,
    message_num,
    author_num,
    sent_micros,
    kind,
    is_question,
    is_message,
    text_length,
    is_question_of_agent,
    gap_micros,
    case when is_message then cast(session_no as integer) end as session_no,
    -- A segment is named by its first event; neutral rows are inside while its limit runs.
    case when is_spoken or not is_late then segment_no end as plain_segment_no,
    coalesce(answer_index, 0) as plain_stretch_no,
    case when is_spoken then cast(turn_no as integer) end as plain_turn_no,
    case when customer_index >= segment_no then customer_micros end as plain_customer_micros,
    stream_no > 0
    or is_opening_thanks
    or kind in {{ kinds(['template', 'close', 'handoff', 'no_reply']) }}
    or (kind = {{ kind('courtesy') }} and silence_micros > least(gap_micros, {{ cap }}))
        as is_intricate
from counted
