{# First human and first bot answer after the customer's first message, and how it ended. #}
with

events as (

    select * from {{ ref('int_conversation_events') }}
    where conversation_no is not null

),

conversations as (

    select * from {{ ref('int_conversations') }}

),

texts as (

    select
        message_key,
        position('?' in coalesce(text, '')) > 0 as has_question
    from {{ ref('int_messages__unioned') }}

)

select
    conversations.thread_num,
    conversations.stream_id,
    conversations.conversation_no,
    {{ from_micros("min(case
        when events.kind = " ~ kind('agent') ~ " and not events.is_template
            and events.event_index > conversations.first_customer_index
            then events.sent_micros
    end)") }} as first_human_answer_at,
    {{ from_micros("min(case
        when events.kind = " ~ kind('bot') ~ "
            and events.event_index > conversations.first_customer_index
            then events.sent_micros
    end)") }} as first_bot_answer_at,
    coalesce(max(
        case
            when events.event_index = conversations.last_open_index
                then
                    case
                        when events.kind = {{ kind('agent') }} and texts.has_question then 1
                        else 0
                    end
        end
    ), 0) = 1 as is_our_question_last
from conversations
inner join events
    on
        conversations.thread_num = events.thread_num
        and conversations.stream_id = events.stream_id
        and conversations.conversation_no = events.conversation_no
left join texts on events.message_key = texts.message_key
group by
    conversations.thread_num,
    conversations.stream_id,
    conversations.conversation_no
