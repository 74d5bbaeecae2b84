{#
    An agent's efforts never overlap: their sum is at most the time from the first to the last message
    of the agent, plus one capped estimate before the first.
#}
with

agents as (

    select
        agent_key,
        sum(effort_seconds) as effort_seconds,
        {{ seconds_between('min(sent_at)', 'max(sent_at)') }} as wall_clock_seconds
    from {{ ref('fct_messages') }}
    where effort_seconds is not null and agent_key is not null
    group by agent_key

)

select
    agent_key,
    effort_seconds,
    wall_clock_seconds
from agents
where effort_seconds > wall_clock_seconds + 300
