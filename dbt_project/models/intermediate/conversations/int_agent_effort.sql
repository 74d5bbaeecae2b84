{#
    Estimated effort per agent message (docs/DECISIONS.md T3). An estimate never reaches back past the
    agent's previous message in any thread, so one agent's efforts never overlap. In an increment that
    message may lie in a thread that is not entered: it is read from what the last build left.
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
        threads.source_slug,
        threads.thread_id,
        coalesce(events.text_length, 0) as text_length
    from {{ ref('int_turns') }} as turns
    inner join {{ ref('int_events') }} as events on turns.message_num = events.message_num
    inner join {{ ref('int_threads') }} as threads on turns.thread_num = threads.thread_num
    left join {{ ref('int_authors') }} as authors on turns.author_num = authors.author_num
    where turns.kind = {{ kind('agent') }} and not turns.is_template

),

{% if is_increment() -%}
{% set slot = 'cast(floor(sent_micros / ' ~ cap * 1000000 ~ ') as bigint)' -%}
slots as (

    select
        agent_key,
        {{ slot }} as time_slot
    from agent_messages
    where agent_key is not null

    union

    -- distinct by union: an agent writes several messages in one slot
    select
        agent_key,
        {{ slot }} - 1 as time_slot
    from agent_messages
    where agent_key is not null

),

kept_messages as (

    select
        agent_key,
        thread_key,
        {{ micros('sent_at') }} as sent_micros
    from {{ kept('marts', 'fct_messages') }}
    where effort_seconds is not null and agent_key is not null

),

-- What is further back than the cap says the same as nothing.
elsewhere as (

    select
        kept_messages.agent_key,
        kept_messages.sent_micros,
        threads.source_slug,
        threads.thread_id
    from kept_messages
    inner join slots
        on
            kept_messages.agent_key = slots.agent_key
            and cast(floor(kept_messages.sent_micros / {{ cap * 1000000 }}) as bigint)
            = slots.time_slot
    inner join {{ kept('intermediate', 'int_known_threads') }} as threads
        on kept_messages.thread_key = threads.thread_key
    where
        kept_messages.thread_key not in (
            select thread_key from {{ ref('int_touched_threads') }}
        )

),

{% endif -%}
all_messages as (

    select * from agent_messages
    {% if is_increment() %}
    union all

    select
        null as thread_num,
        null as stream_no,
        null as conversation_no,
        null as event_index,
        null as message_num,
        sent_micros,
        null as customer_micros,
        agent_key,
        source_slug,
        thread_id,
        null as text_length
    from elsewhere
    {% endif %}
),

timed as (

    select
        *,
        -- Messages that name no agent are nobody's sequence.
        case when agent_key is not null then lag(sent_micros) over (
            partition by agent_key
            order by sent_micros, thread_id, source_slug, event_index
        ) end as own_previous_micros
    from all_messages

),

bases as (

    select
        *,
        (sent_micros - greatest(own_previous_micros, customer_micros)) / 1000000.0
            as since_base_seconds,
        floor((sent_micros - own_previous_micros) / 1000000.0) as since_own_seconds,
        least({{ cap }}, greatest(5, floor(text_length / 5.0))) as typing_seconds
    from timed
    where message_num is not null

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
