{#
    The threads that this build enters: all in a full build; else the changed ones, and those in which
    an agent's effort is measured from a message that changed. What they held before is replaced.
#}
{% set reach = 300 -%}  {# seconds that an effort reaches back: the cap of int_agent_effort #}
{% if is_increment() -%}
with

changed as (

    select * from {{ ref('int_changed_threads') }}

),

agent_messages as (

    select
        agent_key,
        sent_at,
        thread_key,
        cast(floor({{ micros('sent_at') }} / {{ reach * 1000000 }}) as bigint) as time_slot
    from {{ kept('marts', 'fct_messages') }}
    where effort_seconds is not null and agent_key is not null

),

before as (

    select
        agent_key,
        sent_at,
        thread_key
    from agent_messages
    where thread_key in (select thread_key from changed)

),

now as (

    select
        agent_key,
        sent_at,
        thread_key
    from {{ ref('int_changed_agent_messages') }}

),

differences as (

    (select * from now except all select * from before)
    union all
    (select * from before except all select * from now)

),

moments as (

    select
        agent_key,
        sent_at,
        cast(floor({{ micros('sent_at') }} / {{ reach * 1000000 }}) as bigint) as time_slot
    from differences
    group by agent_key, sent_at

),

slots as (

    select * from moments
    union all
    select
        agent_key,
        sent_at,
        time_slot + 1 as time_slot
    from moments

),

followers as (

    select
        slots.agent_key,
        slots.sent_at as moment,
        agent_messages.sent_at,
        agent_messages.thread_key
    from slots
    inner join agent_messages
        on
            slots.agent_key = agent_messages.agent_key
            and slots.time_slot = agent_messages.time_slot
            and slots.sent_at <= agent_messages.sent_at
    where agent_messages.thread_key not in (select thread_key from changed)

),

-- Messages of one instant may come in any order: those of the moment itself and the next ones.
next_followers as (

    select
        agent_key,
        moment,
        min(sent_at) as first_sent_at,
        min(case when sent_at > moment then sent_at end) as later_sent_at
    from followers
    group by agent_key, moment

),

neighbours as (

    select followers.thread_key
    from followers
    inner join next_followers
        on
            followers.agent_key = next_followers.agent_key
            and followers.moment = next_followers.moment
            and (
                followers.sent_at = next_followers.first_sent_at
                or followers.sent_at = next_followers.later_sent_at
            )

),

threads as (

    select
        source_slug,
        thread_id,
        thread_key
    from changed

    union all

    select
        source_slug,
        thread_id,
        thread_key
    from {{ kept('intermediate', 'int_known_threads') }}
    where thread_key in (select thread_key from neighbours)

)

{% else -%}
with

raw_threads as (

    {% for name in chat_sources() -%}
    select
        source_name as source_slug,
        thread_id
    from {{ source('raw_' ~ name, 'messages') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

threads as (

    select
        raw_threads.source_slug,
        raw_threads.thread_id,
        {{ thread_key('raw_threads') }} as thread_key
    from raw_threads
    group by raw_threads.source_slug, raw_threads.thread_id

)

{% endif -%}
select
    '{{ invocation_id }}' as build_id,
    source_slug,
    thread_id,
    thread_key
from threads
{% if not is_increment() -%}
-- depends_on: {{ ref('int_changed_threads') }}, {{ ref('int_changed_agent_messages') }}
{% endif %}
