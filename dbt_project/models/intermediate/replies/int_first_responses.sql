{# The first wait of each conversation (docs/DECISIONS.md R3), with who answered and when. #}
with

waits as (

    select * from {{ ref('int_waits_timed') }}
    where is_first_response

),

authors as (

    select * from {{ ref('int_authors') }}

)

select
    waits.thread_num,
    waits.stream_no,
    waits.conversation_no,
    waits.waiting_since_at,
    waits.waiting_message_num,
    waits.replied_at as first_response_at,
    authors.agent_key as first_response_agent_key,
    waits.reply_calendar_seconds as first_response_calendar_seconds,
    waits.reply_business_seconds as first_response_business_seconds,
    waits.replied_at is not null as is_answered,
    waits.stopped_at,
    waits.due_at,
    {{ is_in_time('waits', target_reached('waits.waiting_since_at')) }} as is_within_target,
    {{ is_in_time('waits', 'waits.due_at') }} as is_within_target_business,
    waits.reply_business_seconds = 0 and waits.reply_calendar_seconds > 0 as is_business_zero
from waits
left join authors on waits.reply_author_num = authors.author_num
