{{ config(materialized='incremental', incremental_strategy='by_thread') }}
{#
    The conversations of plain chats under other gaps G (docs/DECISIONS.md E9).

    Plain: nothing but messages decides their boundaries. A gap that is longer starts a part of the
    starts of a shorter one, so the messages are cut once by the shortest gap, and the few pieces
    are joined for each of the others.
#}
{% set gaps = var('sensitivity_gap_hours') %}
{% set shortest = gaps | min %}
{% set customer_kinds = kinds(['customer', 'courtesy']) %}
{% set thread = 'partition by thread_num order by event_index' %}

with

controlled as (

    select distinct thread_num -- a chat may have many such events
    from {{ ref('int_events') }}
    where
        stream_mode <> 'gap'
        or kind in {{ kinds(['template', 'close', 'handoff', 'no_reply']) }}

),

spoken as (

    select events.*
    from {{ ref('int_events') }} as events
    left join controlled on events.thread_num = controlled.thread_num
    where
        controlled.thread_num is null
        and events.kind in {{ kinds(['customer', 'courtesy', 'agent', 'bot']) }}

),

messages as (

    select
        thread_num,
        event_index,
        sent_micros,
        kind,
        lag(kind) over ({{ thread }}) as previous_kind,
        sent_micros - lag(sent_micros) over ({{ thread }}) as silence_micros
    from spoken

),

-- Thanks after the end of a conversation belong to it; what follows them is decided by that end.
thanked_late as (

    select distinct thread_num -- customers thank more than once
    from messages
    where
        kind = {{ kind('courtesy') }}
        and silence_micros > {{ silence_limit(shortest) }}

),

cut as (

    select
        messages.*,
        -- A piece is named by its first event.
        last_value(
            case
                when messages.silence_micros is null then messages.event_index
                when messages.silence_micros > {{ silence_limit(shortest) }}
                    then messages.event_index
            end
            ignore nulls
        ) over (
            partition by messages.thread_num
            order by messages.event_index
            rows unbounded preceding
        ) as piece_no
    from messages
    left join thanked_late on messages.thread_num = thanked_late.thread_num
    where thanked_late.thread_num is null

),

pieces as (

    select
        thread_num,
        piece_no,
        min_by(kind, event_index) as first_kind,
        min(sent_micros) as started_micros,
        min_by(previous_kind, event_index) as previous_kind,
        min_by(silence_micros, event_index) as silence_micros,
        sum(case when kind in {{ customer_kinds }} then 1 else 0 end) as customer_count,
        sum(case when kind = {{ kind('bot') }} then 1 else 0 end) as bot_count,
        min(case when kind = {{ kind('agent') }} then sent_micros end) as agent_micros
    from cut
    group by thread_num, piece_no

),

gaps as (

    {% for hours in gaps %}
    select {{ hours }} as gap_hours
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

joined as (

    select
        gaps.gap_hours,
        pieces.thread_num,
        pieces.piece_no,
        pieces.first_kind,
        pieces.started_micros,
        pieces.agent_micros,
        pieces.customer_count,
        pieces.bot_count,
        cast(count(
            case
                when pieces.silence_micros is null then 1
                when pieces.silence_micros > {{ silence_limit('gaps.gap_hours') }} then 1
            end
        ) over (
            partition by gaps.gap_hours, pieces.thread_num
            order by pieces.piece_no
            rows unbounded preceding
        ) as integer) as segment_no
    from pieces
    cross join gaps

),

segments as (

    select
        gap_hours,
        thread_num,
        segment_no,
        min_by(first_kind, piece_no) as first_kind,
        min(started_micros) as started_micros,
        min(agent_micros) as agent_micros,
        sum(bot_count) as bot_count
    from joined
    group by gap_hours, thread_num, segment_no
    having sum(customer_count) > 0

)

select
    threads.thread_key,
    cast(segments.gap_hours as integer) as gap_hours,
    segments.segment_no,
    {{ from_micros('segments.started_micros') }} as started_at,
    segments.first_kind in {{ customer_kinds }} as is_started_by_customer,
    -- Whom a bot answers first waits for a human from another moment on.
    segments.first_kind = {{ kind('customer') }} and segments.bot_count = 0 as awaits_human,
    case
        when segments.first_kind = {{ kind('customer') }} and segments.bot_count = 0
            then cast(floor(
                (segments.agent_micros - segments.started_micros) / 1000000.0
            ) as bigint)
    end as first_response_seconds
from segments
inner join {{ ref('int_threads') }} as threads on segments.thread_num = threads.thread_num
