{# Classified once, with the wide text dropped, so that all later sorts are narrow. #}
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
        {{ normalised_text('text') }} as plain_text
    from messages
    where event_type = 'message' and author_type = 'customer' and text is not null

),

courtesies as (

    select
        message_num,
        {{ matches('plain_text', var('courtesy_pattern')) }} as is_courtesy,
        {{ matches('plain_text', var('question_pattern')) }} as is_question
    from texts

),

classified as (

    select
        threads.thread_num,
        -- Platform conversations are streams of their own; everything else is one stream a thread.
        case
            when threads.conversation_mode = 'thread' then ''
            else coalesce(messages.source_conversation_id, '')
        end as stream_id,
        case
            when threads.conversation_mode = 'thread' then 'thread'
            when messages.source_conversation_id is not null then 'platform'
            else 'gap'
        end as stream_mode,
        row_number() over (
            partition by threads.thread_num
            order by messages.sent_at, messages.message_seq, messages.message_id
        ) as event_index,
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
    inner join threads on messages.thread_key = threads.thread_key
    left join courtesies on messages.message_num = courtesies.message_num
    left join authors
        on
            messages.source_slug = authors.source_slug
            and messages.author_type = authors.author_type
            and coalesce(messages.author_source_id, '') = coalesce(authors.author_source_id, '')
            and coalesce(messages.staff_id, '') = coalesce(authors.staff_id, '')

),

firsts as (

    select
        thread_num,
        min(event_index) as first_message_index
    from classified
    where kind in {{ kinds(['customer', 'courtesy', 'agent', 'bot', 'template']) }}
    group by thread_num

)

select
    classified.thread_num,
    classified.stream_id,
    classified.stream_mode,
    classified.event_index,
    classified.message_num,
    classified.author_num,
    classified.sent_micros,
    case
        -- The very first words of a thread thank for nothing: they are a request.
        when
            classified.kind = {{ kind('courtesy') }}
            and classified.event_index = firsts.first_message_index
            then {{ kind('customer') }}
        else classified.kind
    end as kind,
    classified.is_question,
    classified.is_message,
    classified.text_length,
    classified.is_question_of_agent,
    classified.gap_micros
from classified
left join firsts on classified.thread_num = firsts.thread_num
