{#
    Estimated effort per agent message (docs/DECISIONS.md T3). An estimate never reaches back past the
    agent's previous message in any thread, so one agent's efforts never overlap.
#}
{% set cap = 300 %}

with

agent_messages as (

    select
        turns.thread_num,
        turns.stream_no,
        turns.conversation_no,
        turns.event_index,
        turns.message_num,
        turns.sent_micros,
        case when turns.conversation_no is not null then turns.customer_micros end
            as customer_micros,
        authors.agent_key,
        threads.thread_id,
        coalesce(events.text_length, 0) as text_length
    from {{ ref('int_turns') }} as turns
    inner join {{ ref('int_events') }} as events on turns.message_num = events.message_num
    inner join {{ ref('int_threads') }} as threads on turns.thread_num = threads.thread_num
    left join {{ ref('int_authors') }} as authors on turns.author_num = authors.author_num
    where turns.kind = {{ kind('agent') }} and not turns.is_template

),

timed as (

    select
        *,
        -- Messages that name no agent are nobody's sequence.
        case when agent_key is not null then lag(sent_micros) over (
            partition by agent_key
            order by sent_micros, thread_id, event_index
        ) end as own_previous_micros
    from agent_messages

),

bases as (

    select
        *,
        (sent_micros - greatest(own_previous_micros, customer_micros)) / 1000000.0
            as since_base_seconds,
        floor((sent_micros - own_previous_micros) / 1000000.0) as since_own_seconds,
        least({{ cap }}, greatest(5, floor(text_length / 5.0))) as typing_seconds
    from timed

)

select
    thread_num,
    stream_no,
    conversation_no,
    message_num,
    agent_key,
    cast(case
        when since_base_seconds <= {{ cap }} then floor(since_base_seconds)
        when since_own_seconds is null then typing_seconds
        else least(typing_seconds, since_own_seconds)
    end as bigint) as effort_seconds
from bases
