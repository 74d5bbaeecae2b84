{# First human and first bot answer after the customer's first message, and how it ended. #}
with

events as (

    select * from {{ ref('int_conversation_events') }}
    where conversation_no is not null

),

conversations as (

    select * from {{ ref('int_conversations') }}

),

answers as (

    select
        conversations.thread_num,
        conversations.stream_no,
        conversations.conversation_no,
        min(conversations.last_open_index) as last_open_index,
        {{ from_micros("min(case
            when events.kind = " ~ kind('agent') ~ " and not events.is_template
                and events.event_index > conversations.first_customer_index
                then events.sent_micros
        end)") }} as first_human_answer_at,
        {{ from_micros("min(case
            when events.kind = " ~ kind('bot') ~ "
                and events.event_index > conversations.first_customer_index
                then events.sent_micros
        end)") }} as first_bot_answer_at
    from conversations
    inner join events
        on
            conversations.thread_num = events.thread_num
            and conversations.stream_no = events.stream_no
            and conversations.conversation_no = events.conversation_no
    group by
        conversations.thread_num,
        conversations.stream_no,
        conversations.conversation_no

)

select
    answers.thread_num,
    answers.stream_no,
    answers.conversation_no,
    answers.first_human_answer_at,
    answers.first_bot_answer_at,
    coalesce(last_words.is_question_of_agent, false) as is_our_question_last
from answers
left join {{ ref('int_events') }} as last_words
    on
        answers.thread_num = last_words.thread_num
        and answers.last_open_index = last_words.event_index
