{{ config(materialized='view') }}
{#
    Every event with the conversation that carries it, its turn there and its stretch between answers.

    Most threads are plain: no event, no template, no thanks after a silence. There the state before
    a message is what the message before it says, and int_events has found all in its two sorts; the
    windows that weigh events, templates and thanks run over the other, intricate threads alone.

    Numbers of turns ascend within a conversation; those of a plain thread do not begin at 1 in each.
#}
select
    events.thread_num,
    events.stream_no,
    events.stream_mode,
    events.event_index,
    events.message_num,
    events.author_num,
    events.sent_micros,
    events.is_question,
    events.is_message,
    events.session_no,
    events.text_length,
    events.is_question_of_agent,
    events.gap_micros,
    case when turns.message_num is null then events.kind else turns.kind end as kind,
    coalesce(turns.is_template, false) as is_template,
    coalesce(turns.is_ender, events.kind = {{ kind('agent') }}) as is_ender,
    case when turns.message_num is null then events.plain_segment_no else turns.segment_no end
        as segment_no,
    case
        when turns.message_num is not null then turns.conversation_no
        when attempts.thread_num is null then events.plain_segment_no
    end as conversation_no,
    case
        when turns.message_num is not null then turns.is_unanswered_outbound
        else
            attempts.thread_num is not null
            and events.kind in {{ kinds(['customer', 'courtesy', 'agent', 'bot']) }}
    end as is_unanswered_outbound,
    coalesce(turns.is_after_close, false) as is_after_close,
    case when turns.message_num is null then events.plain_stretch_no else turns.stretch_no end
        as stretch_no,
    case when turns.message_num is null then events.plain_turn_no else turns.turn_no end
        as turn_no,
    case
        when turns.message_num is null then events.plain_customer_micros
        else turns.customer_micros
    end as customer_micros
from {{ ref('int_events') }} as events
left join {{ ref('int_intricate_turns') }} as turns on events.message_num = turns.message_num
left join {{ ref('int_plain_attempts') }} as attempts
    on
        events.thread_num = attempts.thread_num
        and events.plain_segment_no = attempts.segment_no
