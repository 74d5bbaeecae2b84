{# The bounds of each conversation: its first and last message, whether, when and why it closed. #}
{% set cap = var('unanswered_cap_seconds') * 1000000 %}
{% set message_kinds = kinds(['customer', 'courtesy', 'agent', 'bot']) %}
{% set conversation = 'thread_num, stream_no, conversation_no' %}
{% set holds_open = (
    "not is_after_close and (kind in " ~ message_kinds
    ~ " or (stream_mode = 'thread' and kind in " ~ kinds(['handoff', 'no_reply']) ~ "))"
) %}

with

events as (

    select * from {{ ref('int_conversation_events') }}
    where conversation_no is not null

),

facts as (

    select
        {{ conversation }},
        min(stream_mode) as stream_mode,
        min(turn_no) as first_turn_no,
        min(gap_micros) as gap_micros,
        min_by(message_num, event_index) filter (where kind in {{ message_kinds }})
            as first_message_num,
        min_by(kind, event_index) filter (where kind in {{ message_kinds }}) as first_kind,
        min(sent_micros) filter (where kind in {{ message_kinds }}) as started_micros,
        max(sent_micros) filter (where kind in {{ message_kinds }}) as last_message_micros,
        -- The last message that is more than a courtesy: dialogue ends there.
        max(sent_micros) filter (
            where kind in {{ kinds(['customer', 'agent', 'bot']) }}
        ) as last_dialog_micros,
        max(event_index) filter (where {{ holds_open }}) as last_open_index,
        max_by(is_question_of_agent, event_index) filter (where {{ holds_open }})
            as is_our_question_last,
        max(sent_micros) filter (where kind in {{ message_kinds }} and not is_after_close)
            as last_open_micros,
        max_by(kind, event_index) filter (
            where
            kind in {{ kinds(['customer', 'courtesy', 'agent', 'bot', 'handoff', 'no_reply']) }}
            and not is_after_close
        ) as last_kind,
        min(event_index) filter (where kind = {{ kind('agent') }} and not is_template)
            as first_human_index,
        min(event_index) filter (where kind = {{ kind('bot') }}) as first_bot_index,
        -- Answers: what a human or a bot said after the customer had spoken.
        min(sent_micros) filter (
            where kind = {{ kind('agent') }} and not is_template and customer_micros is not null
        ) as human_answer_micros,
        min(event_index) filter (
            where kind = {{ kind('agent') }} and not is_template and customer_micros is not null
        ) as human_answer_index,
        min(sent_micros) filter (
            where kind = {{ kind('bot') }} and customer_micros is not null
        ) as bot_answer_micros,
        min(event_index) filter (where kind = {{ kind('handoff') }}) as handoff_index,
        min(event_index) filter (where kind in {{ kinds(['customer', 'courtesy']) }})
            as first_customer_index,
        min(sent_micros) filter (where kind in {{ kinds(['customer', 'courtesy']) }})
            as first_customer_micros,
        min(event_index) filter (where kind = {{ kind('customer') }} and is_question)
            as first_question_index,
        cast(sum(
            case when kind in {{ kinds(['customer', 'courtesy']) }} then 1 else 0 end
        ) as integer) as customer_message_count,
        cast(sum(
            case when kind = {{ kind('agent') }} and not is_template then 1 else 0 end
        ) as integer) as agent_message_count,
        cast(sum(case when kind = {{ kind('bot') }} then 1 else 0 end) as integer)
            as bot_message_count,
        cast(sum(case when is_message then 1 else 0 end) as integer) as message_count
    from events
    group by {{ conversation }}

),

closes as (

    select
        {{ conversation }},
        min(events.sent_micros) as close_micros
    from events
    inner join facts using ({{ conversation }})
    where
        events.kind = {{ kind('close') }}
        and events.event_index > facts.last_open_index
    group by {{ conversation }}

),

-- What the customer said to our first answer, were it only thanks.
reactions as (

    select
        {{ conversation }},
        min(events.sent_micros) as customer_reaction_micros
    from events
    inner join facts using ({{ conversation }})
    where
        events.kind in {{ kinds(['customer', 'courtesy']) }}
        and events.event_index > facts.human_answer_index
    group by {{ conversation }}

),

limits as (

    select
        facts.*,
        closes.close_micros,
        reactions.customer_reaction_micros,
        facts.last_open_micros + case
            when facts.last_kind in {{ kinds(['customer', 'handoff']) }} then {{ cap }}
            else facts.gap_micros
        end as expires_micros,
        facts.last_kind in {{ kinds(['customer', 'handoff']) }} as is_customer_waiting
    from facts
    left join closes using ({{ conversation }})
    left join reactions using ({{ conversation }})

),

closed as (

    select
        *,
        case
            when stream_mode <> 'gap' and close_micros is not null then close_micros
            when close_micros <= expires_micros then close_micros
            when expires_micros <= {{ micros(as_of()) }} then expires_micros
        end as closed_micros
    from limits

)

select
    *,
    closed_micros is null as is_open,
    case
        when closed_micros is null then null
        when closed_micros = close_micros then 'explicit'
        when is_customer_waiting then 'abandoned'
        else 'inactivity'
    end as close_reason,
    case
        when first_kind in {{ kinds(['agent', 'bot']) }} then 'us'
        else 'customer'
    end as initiated_by,
    -- The bot holds the chat from the start until the hand-off or the first human answer.
    coalesce(first_bot_index < coalesce(first_human_index, first_bot_index + 1), false)
        as is_bot_first,
    least(
        coalesce(handoff_index, first_human_index, 9223372036854775807),
        coalesce(first_human_index, 9223372036854775807)
    ) as hold_end_index,
    coalesce(handoff_index < coalesce(first_human_index, handoff_index + 1), false)
        as is_handed_off
from closed
