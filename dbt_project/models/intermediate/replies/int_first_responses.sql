{# The first wait of each conversation (docs/DECISIONS.md R3), with who answered and when. #}
with

waits as (

    select
        *,
        row_number() over (
            partition by thread_num, stream_id, conversation_no
            order by stretch_no
        ) as wait_no
    from {{ ref('int_waits_timed') }}
    where initiated_by = 'customer' or first_question_at is not null

),

first_waits as (

    select * from waits
    where wait_no = 1

),

people as (

    select * from {{ ref('int_message_people') }}

)

select
    first_waits.thread_num,
    first_waits.stream_id,
    first_waits.conversation_no,
    first_waits.stretch_no,
    case
        when first_waits.initiated_by = 'us' then first_waits.first_question_at
        else first_waits.waiting_since_at
    end as waiting_since_at,
    case
        when first_waits.initiated_by = 'us' then first_waits.first_question_message_key
        else first_waits.waiting_message_key
    end as waiting_message_key,
    first_waits.replied_at as first_response_at,
    first_waits.reply_message_key,
    people.agent_key as first_response_agent_key,
    case
        when first_waits.initiated_by = 'us' then first_waits.question_reply_calendar_seconds
        else first_waits.reply_calendar_seconds
    end as first_response_calendar_seconds,
    case
        when first_waits.initiated_by = 'us' then first_waits.question_reply_business_seconds
        else first_waits.reply_business_seconds
    end as first_response_business_seconds,
    first_waits.replied_at is not null as is_answered,
    first_waits.stopped_at,
    first_waits.due_at,
    -- Decided: answered, or past the target on the calendar clock; the others are still running.
    case
        when first_waits.replied_at is not null
            then
                case
                    when first_waits.initiated_by = 'us'
                        then first_waits.question_reply_calendar_seconds
                    else first_waits.reply_calendar_seconds
                end <= {{ var('first_response_target_seconds') }}
        when
            {{ add_seconds('first_waits.waiting_since_at', var('first_response_target_seconds')) }}
            <= {{ as_of() }}
            then false
    end as is_within_target,
    case
        when first_waits.replied_at is not null
            then
                case
                    when first_waits.initiated_by = 'us'
                        then first_waits.question_reply_business_seconds
                    else first_waits.reply_business_seconds
                end <= {{ var('first_response_target_seconds') }}
        when first_waits.due_at <= {{ as_of() }} then false
    end as is_within_target_business,
    first_waits.replied_at is not null
    and case
        when first_waits.initiated_by = 'us' then first_waits.question_reply_business_seconds
        else first_waits.reply_business_seconds
    end = 0
    and first_waits.reply_calendar_seconds > 0 as is_business_zero
from first_waits
left join people on first_waits.reply_message_key = people.message_key
