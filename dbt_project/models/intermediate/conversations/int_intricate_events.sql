{#
    Which conversation each event of an intricate thread belongs to (docs/DECISIONS.md E1–E8).

    Every rule looks at the previous events of the stream only, so a handful of windows over the same
    narrow rows does it; nothing is recursive. Times are epoch microseconds.
#}
{% set cap = var('unanswered_cap_seconds') * 1000000 %}
{% set stream = 'partition by thread_num, stream_no order by event_index' %}
{% set before = 'rows between unbounded preceding and 1 preceding' %}
{% set message_kinds = kinds(['customer', 'courtesy', 'agent', 'bot']) %}
{% set customer_kinds = kinds(['customer', 'courtesy']) %}
{% set opening_kinds = kinds(['customer', 'agent', 'bot']) %}
{# What every step hands on. #}
{% set unweighed = '''
        thread_num, stream_no, stream_mode, event_index, message_num, sent_micros, gap_micros
''' | trim %}
{% set passengers = unweighed ~ ', kind' %}

with

-- The last message (or close) before each event, templates not yet weighed.
raw_previous as (

    select
        {{ passengers }},
        last_value(case when kind in {{ message_kinds }} then sent_micros end ignore nulls)
            over ({{ stream }} {{ before }}) as raw_previous_micros,
        last_value(
            case when kind in {{ message_kinds }} or kind = {{ kind('close') }} then kind end
            ignore nulls
        ) over ({{ stream }} {{ before }}) as raw_previous_kind,
        last_value(case when kind in {{ customer_kinds }} then event_index end ignore nulls)
            over ({{ stream }} {{ before }}) as customer_index
    from {{ ref('int_events') }}
    where thread_num in (
        select threads.thread_num from {{ ref('int_intricate_threads') }} as threads
    )

),

-- A hand-off keeps a conversation waiting only if it comes while the last message holds it open.
handed as (

    select
        *,
        last_value(
            case
                when kind in {{ message_kinds }} or kind = {{ kind('no_reply') }} then kind
                when
                    kind = {{ kind('handoff') }}
                    and sent_micros - raw_previous_micros
                    <= case
                        when raw_previous_kind = {{ kind('customer') }} then {{ cap }}
                        else gap_micros
                    end
                    then kind
            end
            ignore nulls
        ) over ({{ stream }} {{ before }}) as raw_waiting_kind
    from raw_previous

),

-- Outside: nothing is open at this moment, as far as messages and closes tell.
outside as (

    select
        *,
        {{ nothing_is_open("raw_waiting_kind in " ~ kinds(['customer', 'handoff'])) }}
            as is_outside,
        -- Events are judged by the last message alone: a hand-off does not prolong itself.
        {{ nothing_is_open("raw_previous_kind = " ~ kind('customer')) }} as is_event_outside
    from handed

),

-- In an attempt: since something was last begun, only we have written.
attempted as (

    select
        *,
        coalesce(
            last_value(
                case
                    when
                        is_outside
                        and (kind in {{ message_kinds }} or kind = {{ kind('template') }})
                        then event_index
                end
                ignore nulls
            ) over ({{ stream }} {{ before }})
            > coalesce(customer_index, 0),
            false
        ) as is_in_attempt
    from outside

),

-- Hand-offs and "no reply needed" count only while the last message still holds a conversation
-- open; a template counts only where it starts or continues an outbound attempt.
weighed as (

    select
        {{ unweighed }},
        is_in_attempt as was_attempt,
        case
            when kind = {{ kind('template') }} and stream_mode = 'thread'
                then
                    case
                        when raw_previous_kind is null then {{ kind('agent') }}
                        else {{ kind('neutral') }}
                    end
            when kind = {{ kind('template') }} and (is_outside or is_in_attempt)
                then {{ kind('agent') }}
            when kind = {{ kind('template') }} then {{ kind('neutral') }}
            when
                kind in {{ kinds(['handoff', 'no_reply']) }}
                and (is_event_outside or (is_in_attempt and stream_mode <> 'thread'))
                then {{ kind('neutral') }}
            -- A close finds nothing to close where nobody has answered us yet.
            when kind = {{ kind('close') }} and is_in_attempt and stream_mode <> 'thread'
                then {{ kind('neutral') }}
            else kind
        end as kind,
        kind = {{ kind('template') }} as is_template
    from attempted

),

previous as (

    select
        *,
        last_value(case when kind in {{ message_kinds }} then sent_micros end ignore nulls)
            over ({{ stream }} {{ before }}) as previous_micros,
        last_value(nullif(kind, {{ kind('neutral') }}) ignore nulls)
            over ({{ stream }} {{ before }}) as previous_kind,
        last_value(
            case when kind in {{ opening_kinds }} or kind = {{ kind('close') }} then kind end
            ignore nulls
        ) over ({{ stream }} {{ before }}) = {{ kind('close') }} as is_closed_already
    from weighed

),

limits as (

    select
        *,
        -- How long the conversation stays open after its last message, given who waits.
        case
            when previous_kind in {{ kinds(['customer', 'handoff']) }} then {{ cap }}
            else gap_micros
        end as limit_micros,
        stream_mode = 'gap'
        and previous_kind <> {{ kind('close') }}
        and sent_micros - previous_micros
        > case
            when previous_kind in {{ kinds(['customer', 'handoff']) }} then {{ cap }}
            else gap_micros
        end as is_late
    from previous

),

-- Thanks after the silence has closed a conversation: at most G after that moment. What only we
-- have begun has nothing to be thanked for.
candidates as (

    select
        *,
        not was_attempt
        and sent_micros - (previous_micros + limit_micros) <= gap_micros as is_late_tail_candidate
    from limits

),

-- Marks 0 = open, else the moment of the close; null = changes nothing.
marked as (

    select
        *,
        case
            when kind in {{ opening_kinds }} then 0
            -- A second close finds nothing to close, unless a courtesy has opened anew.
            when kind = {{ kind('close') }} and is_closed_already then null
            when kind = {{ kind('close') }} and is_late then previous_micros + limit_micros
            when kind = {{ kind('close') }} then sent_micros
            when kind = {{ kind('courtesy') }} and previous_micros is null then 0
            when kind = {{ kind('courtesy') }} and is_late
                then
                    case
                        when is_late_tail_candidate then previous_micros + limit_micros
                        else 0
                    end
        end as mark
    from candidates

),

provisional as (

    select
        *,
        last_value(mark ignore nulls) over ({{ stream }} {{ before }}) as provisional_state
    from marked

),

-- A courtesy that comes too late for the close that is known by then opens a conversation.
corrected as (

    select
        *,
        case
            -- The message before was itself a tail: no silence since has closed anything anew.
            when
                kind = {{ kind('courtesy') }}
                and is_late
                and provisional_state > 0
                and previous_micros - provisional_state <= gap_micros
                then 0
            -- Thanks too late for the close before have opened anew: this close ends that.
            when
                kind = {{ kind('close') }}
                and provisional_state > 0
                and previous_micros - provisional_state > gap_micros
                then case when is_late then previous_micros + limit_micros else sent_micros end
            when kind = {{ kind('close') }} and coalesce(provisional_state, 1) > 0 then null
            when kind = {{ kind('close') }} and mark is null then sent_micros
            when mark is not null then mark
            when kind = {{ kind('courtesy') }} and provisional_state is null then 0
            when
                kind = {{ kind('courtesy') }}
                and provisional_state > 0
                and sent_micros - provisional_state > gap_micros
                then 0
        end as final_mark
    from provisional

),

stated as (

    select
        *,
        last_value(final_mark ignore nulls) over ({{ stream }} {{ before }}) as state
    from corrected

),

decided as (

    select
        {{ unweighed }},
        is_template,
        is_late,
        state,
        -- Whoever is asked for after the close finds nothing open.
        case
            when kind in {{ kinds(['handoff', 'no_reply']) }} and state > 0
                then {{ kind('neutral') }}
            else kind
        end as kind,
        case
            when kind not in {{ message_kinds }} then 0
            when state is null then 1
            when stream_mode = 'thread' then 0
            when kind = {{ kind('courtesy') }} and state > 0
                then case when sent_micros - state > gap_micros then 1 else 0 end
            when kind = {{ kind('courtesy') }} and is_late
                then case when is_late_tail_candidate then 0 else 1 end
            when state > 0 or is_late then 1
            else 0
        end as starts_segment,
        -- A courtesy after the close: belongs to the conversation, changes nothing in it.
        kind = {{ kind('courtesy') }}
        and (
            (state > 0 and sent_micros - state <= gap_micros)
            or (coalesce(state, 1) = 0 and is_late and is_late_tail_candidate)
        ) as is_late_tail,
        -- Neutral rows, and events after the close, are inside only while the limit runs.
        case
            when stream_mode = 'thread' then true
            when kind in {{ message_kinds }} or kind = {{ kind('close') }} then true
            when state is null or state > 0 then false
            when stream_mode = 'platform' then true
            -- Weighed already, by the message that they come after.
            when kind in {{ kinds(['handoff', 'no_reply']) }} then true
            else sent_micros - previous_micros <= limit_micros
        end as is_inside
    from stated

),

numbered as (

    select
        *,
        -- Counted: a sum is a HUGEINT, slower by far.
        cast(
            count(case when starts_segment = 1 then 1 end)
                over ({{ stream }} rows unbounded preceding)
            as integer
        ) as segment_no,
        last_value(
            case
                when
                    kind = {{ kind('close') }}
                    and stream_mode <> 'thread'
                    and state = 0
                    and not is_late
                    then sent_micros
            end
            ignore nulls
        ) over ({{ stream }} {{ before }}) as last_close_micros
    from decided

),

segments as (

    select
        thread_num,
        stream_no,
        segment_no,
        min_by(kind, event_index) as first_kind,
        min(case when starts_segment = 1 then last_close_micros end) as close_before_micros,
        min(sent_micros) as started_micros,
        min(gap_micros) as gap_micros,
        sum(case when kind in {{ kinds(['customer', 'courtesy']) }} then 1 else 0 end)
            as customer_count,
        sum(case when kind = {{ kind('customer') }} then 1 else 0 end) as asking_count,
        min(case when kind = {{ kind('customer') }} then event_index end) as first_asking_index
    from numbered
    where segment_no > 0 and kind in {{ message_kinds }}
    group by thread_num, stream_no, segment_no

),

-- Ours without an answer: no conversation. Ours soon after an explicit close that only thanks (or
-- nothing) answered: the farewell of the conversation before.
judged as (

    select
        *,
        first_kind in {{ kinds(['agent', 'bot']) }}
        and asking_count = 0
        and segment_no > 1
        and started_micros - close_before_micros <= gap_micros as is_farewell,
        customer_count = 0 as is_unanswered_attempt
    from segments

),

conversations as (

    select
        *,
        cast(sum(
            case
                when coalesce(is_farewell, false) or is_unanswered_attempt then 0
                else 1
            end
        ) over (
            partition by thread_num, stream_no
            order by segment_no
            rows unbounded preceding
        ) as integer) as conversation_no
    from judged

)

select
    numbered.thread_num,
    numbered.stream_no,
    numbered.event_index,
    numbered.message_num,
    numbered.sent_micros,
    numbered.kind,
    numbered.is_template,
    numbered.segment_no,
    case
        when conversations.segment_no is null or not numbered.is_inside then null
        when coalesce(conversations.is_farewell, false)
            then
                case
                    when numbered.kind in {{ message_kinds }}
                        then nullif(conversations.conversation_no, 0)
                end
        when conversations.is_unanswered_attempt then null
        -- Thanks for the closed conversation, written while our next message was already there.
        when
            numbered.kind = {{ kind('courtesy') }}
            and conversations.first_kind in {{ kinds(['agent', 'bot']) }}
            and conversations.conversation_no > 1
            and conversations.started_micros - conversations.close_before_micros
            <= numbered.gap_micros
            and numbered.event_index < conversations.first_asking_index
            then conversations.conversation_no - 1
        else conversations.conversation_no
    end as conversation_no,
    coalesce(conversations.is_unanswered_attempt, false)
    and not coalesce(conversations.is_farewell, false)
    and numbered.kind in {{ message_kinds }} as is_unanswered_outbound,
    coalesce(
        numbered.is_late_tail
        or conversations.is_farewell
        or (
            numbered.kind = {{ kind('courtesy') }}
            and conversations.first_kind in {{ kinds(['agent', 'bot']) }}
            and conversations.started_micros - conversations.close_before_micros
            <= numbered.gap_micros
            and numbered.event_index < conversations.first_asking_index
        ),
        false
    ) as is_after_close
from numbered
left join conversations
    on
        numbered.thread_num = conversations.thread_num
        and numbered.stream_no = conversations.stream_no
        and numbered.segment_no = conversations.segment_no
