{#
    Estimated effort per agent message (docs/DECISIONS.md T3). An estimate never reaches back past the
    agent's previous message in any thread, so one agent's efforts never overlap.
#}
{% set cap = 300 %}

with

agent_messages as (

    select
        events.thread_num,
        events.stream_id,
        events.conversation_no,
        events.event_index,
        events.message_num,
        events.sent_micros,
        agents.agent_key,
        threads.thread_id,
        coalesce(texts.text_length, 0) as text_length
    from {{ ref('int_conversation_events') }} as events
    inner join {{ ref('int_threads') }} as threads on events.thread_num = threads.thread_num
    inner join {{ ref('int_events') }} as texts on events.message_num = texts.message_num
    left join {{ ref('int_authors') }} as agents on events.author_num = agents.author_num
    where events.kind = {{ kind('agent') }} and not events.is_template

),

customer_before as (

    select
        message_num,
        max(case when kind in {{ kinds(['customer', 'courtesy']) }} then sent_micros end) over (
            partition by thread_num, stream_id, conversation_no
            order by event_index
            rows between unbounded preceding and 1 preceding
        ) as customer_micros
    from {{ ref('int_conversation_events') }}
    where conversation_no is not null

),

timed as (

    select
        agent_messages.*,
        customer_before.customer_micros,
        -- Messages that name no agent are nobody's sequence.
        case when agent_messages.agent_key is not null then lag(agent_messages.sent_micros) over (
            partition by agent_messages.agent_key
            order by
                agent_messages.sent_micros,
                agent_messages.thread_id,
                agent_messages.event_index
        ) end as own_previous_micros
    from agent_messages
    left join customer_before on agent_messages.message_num = customer_before.message_num

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
    stream_id,
    conversation_no,
    message_num,
    agent_key,
    cast(case
        when since_base_seconds <= {{ cap }} then floor(since_base_seconds)
        when since_own_seconds is null then typing_seconds
        else least(typing_seconds, since_own_seconds)
    end as bigint) as effort_seconds
from bases
