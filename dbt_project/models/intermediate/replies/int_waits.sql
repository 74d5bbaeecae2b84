{#
    Every wait of a customer for a human, answered or not (docs/DECISIONS.md R1–R3).

    Enders (a human answer, a close, "no reply needed") cut a conversation into stretches; a stretch
    in which a wait starts is one row, counted from its first starter.
#}
{% set conversation = 'thread_num, stream_no, conversation_no' %}
{% set enders = kinds(['agent', 'close', 'no_reply']) %}

with

events as (

    select
        carried.thread_num,
        carried.stream_no,
        carried.conversation_no,
        carried.stretch_no,
        carried.event_index,
        carried.message_num,
        carried.author_num,
        carried.sent_micros,
        carried.kind,
        carried.is_ender,
        conversations.initiated_by,
        conversations.is_bot_first,
        conversations.hold_end_index,
        conversations.is_handed_off,
        conversations.handoff_index,
        conversations.first_human_index,
        conversations.first_question_index
    from {{ ref('int_conversation_events') }} as carried
    inner join {{ ref('int_conversations') }} as conversations
        on
            carried.thread_num = conversations.thread_num
            and carried.stream_no = conversations.stream_no
            and carried.conversation_no = conversations.conversation_no
    where
        carried.kind in {{ kinds(['customer', 'courtesy', 'bot', 'handoff']) }}
        or carried.kind in {{ enders }}

),

bot_tails as (

    select
        {{ conversation }},
        max(event_index) as last_bot_before_human_index
    from events
    where
        is_bot_first
        and kind in {{ kinds(['bot', 'close', 'no_reply']) }}
        and event_index < first_human_index
    group by {{ conversation }}

),

stretches as (

    select
        events.*,
        case
            when events.kind = {{ kind('handoff') }}
                then
                    events.is_bot_first
                    and events.event_index = events.handoff_index
                    and events.is_handed_off
            when events.kind <> {{ kind('customer') }} then false
            when not events.is_bot_first or events.event_index > events.hold_end_index then true
            -- The bot held and a human simply answered: they waited since the bot's last word.
            when events.is_handed_off then false
            else coalesce(
                events.event_index > bot_tails.last_bot_before_human_index
                and events.event_index < events.first_human_index,
                false
            )
        end as is_starter
    from events
    left join bot_tails
        on
            events.thread_num = bot_tails.thread_num
            and events.stream_no = bot_tails.stream_no
            and events.conversation_no = bot_tails.conversation_no

),

waits as (

    select
        {{ conversation }},
        stretch_no,
        min(initiated_by) as initiated_by,
        min(first_question_index) as first_question_index,
        min(event_index) filter (where is_starter) as waiting_index,
        max(event_index) as last_index,
        min(sent_micros) filter (where is_starter) as waiting_since_micros,
        min_by(message_num, event_index) filter (where is_starter) as waiting_message_num,
        min_by(author_num, event_index) filter (where is_starter) as waiting_author_num,
        min(sent_micros) filter (where event_index = first_question_index) as question_micros,
        min(message_num) filter (where event_index = first_question_index)
            as question_message_num,
        min(author_num) filter (where event_index = first_question_index)
            as question_author_num,
        min(sent_micros) filter (where kind = {{ kind('agent') }} and is_ender)
            as replied_micros,
        min(message_num) filter (where kind = {{ kind('agent') }} and is_ender)
            as reply_message_num,
        min(author_num) filter (where kind = {{ kind('agent') }} and is_ender)
            as reply_author_num,
        min(sent_micros) filter (where kind <> {{ kind('agent') }} and is_ender)
            as stopped_micros
    from stretches
    group by {{ conversation }}, stretch_no
    having sum(case when is_starter then 1 else 0 end) > 0

),

eligible as (

    select
        *,
        -- Whom we wrote to first waits for a first response once something is asked.
        initiated_by = 'customer'
        or coalesce(last_index >= first_question_index, false) as can_be_first
    from waits

),

ranked as (

    select
        *,
        can_be_first
        and row_number() over (
            partition by {{ conversation }}, can_be_first
            order by stretch_no
        ) = 1 as is_first_response
    from eligible

)

select
    {{ conversation }},
    stretch_no,
    is_first_response,
    case
        when is_first_response and initiated_by = 'us' and waiting_index < first_question_index
            then question_micros
        else waiting_since_micros
    end as waiting_since_micros,
    case
        when is_first_response and initiated_by = 'us' and waiting_index < first_question_index
            then question_message_num
        else waiting_message_num
    end as waiting_message_num,
    case
        when is_first_response and initiated_by = 'us' and waiting_index < first_question_index
            then question_author_num
        else waiting_author_num
    end as waiting_author_num,
    replied_micros,
    reply_message_num,
    reply_author_num,
    stopped_micros
from ranked
