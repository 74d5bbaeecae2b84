{#
    A day of an agent. Each figure has the date of its fact: messages and effort that of the message,
    replies that on which the customer began to wait, first responses that on which the conversation
    started. Credit goes to the agent who wrote, never to an assignee.
#}
with

messages as (

    select * from {{ ref('fct_messages') }}
    where agent_key is not null

),

replies as (

    select * from {{ ref('fct_replies') }}
    where agent_key is not null

),

conversations as (

    select * from {{ ref('fct_conversations') }}
    where first_response_agent_key is not null and not is_spam

),

agents as (

    select * from {{ ref('dim_agents') }}

),

message_days as (

    select
        sent_local_date as metric_date,
        agent_key,
        count(*) as messages_out,
        -- distinct: one conversation holds many messages of the agent
        count(distinct conversation_key) as conversations_touched,
        count(effort_seconds) as messages_with_effort,
        sum(effort_seconds) as effort_seconds_sum
    from messages
    group by sent_local_date, agent_key

),

reply_days as (

    select
        waiting_since_local_date as metric_date,
        agent_key,
        {% for clock in ['calendar', 'business'] -%}
        {% set seconds = 'reply_' ~ clock ~ '_seconds' -%}
        sum({{ seconds }}) as {{ seconds }}_sum,
        percentile_cont(0.5) within group (order by {{ seconds }}) as {{ seconds }}_p50,
        percentile_cont(0.9) within group (order by {{ seconds }}) as {{ seconds }}_p90,
        {% endfor -%}
        count(*) as replies,
        sum(case when is_within_target then 1 else 0 end) as replies_within_target,
        sum(case when is_within_target_business then 1 else 0 end)
            as replies_within_target_business
    from replies
    group by waiting_since_local_date, agent_key

),

first_response_days as (

    select
        started_local_date as metric_date,
        first_response_agent_key as agent_key,
        {% for clock in ['calendar', 'business'] -%}
        {% set seconds = 'first_response_' ~ clock ~ '_seconds' -%}
        sum({{ seconds }}) as {{ seconds }}_sum,
        percentile_cont(0.5) within group (order by {{ seconds }}) as {{ seconds }}_p50,
        percentile_cont(0.9) within group (order by {{ seconds }}) as {{ seconds }}_p90,
        {% endfor -%}
        count(*) as first_responses,
        sum(case when is_within_target then 1 else 0 end) as first_responses_within_target,
        sum(case when is_within_target_business then 1 else 0 end)
            as first_responses_within_target_business
    from conversations
    group by started_local_date, first_response_agent_key

),

-- distinct by union: a day of an agent may have rows of all three kinds
days as (

    {% for day in ['message_days', 'reply_days', 'first_response_days'] -%}
    select
        metric_date,
        agent_key
    from {{ day }}
    {{ 'union' if not loop.last }}
    {% endfor %}
)

select
    {{ key(['days.metric_date', 'days.agent_key']) }} as agents_daily_key,
    days.metric_date,
    days.agent_key,
    agents.agent_name,
    agents.team_key,
    {% for column in ['messages_out', 'conversations_touched', 'messages_with_effort'] -%}
    cast(coalesce(message_days.{{ column }}, 0) as bigint) as {{ column }},
    {% endfor -%}
    cast(message_days.effort_seconds_sum as bigint) as effort_seconds_sum,
    {% for column in [
        'replies', 'replies_within_target', 'replies_within_target_business',
    ] -%}
    cast(coalesce(reply_days.{{ column }}, 0) as bigint) as {{ column }},
    {% endfor -%}
    {% for column in ['reply_calendar_seconds', 'reply_business_seconds'] -%}
    cast(reply_days.{{ column }}_sum as bigint) as {{ column }}_sum,
    reply_days.{{ column }}_p50,
    reply_days.{{ column }}_p90,
    {% endfor -%}
    {% for column in [
        'first_responses', 'first_responses_within_target',
        'first_responses_within_target_business',
    ] -%}
    cast(coalesce(first_response_days.{{ column }}, 0) as bigint) as {{ column }},
    {% endfor -%}
    cast(first_response_days.first_response_calendar_seconds_sum as bigint)
        as first_response_calendar_seconds_sum,
    first_response_days.first_response_calendar_seconds_p50,
    first_response_days.first_response_calendar_seconds_p90,
    cast(first_response_days.first_response_business_seconds_sum as bigint)
        as first_response_business_seconds_sum,
    first_response_days.first_response_business_seconds_p50,
    first_response_days.first_response_business_seconds_p90
from days
inner join agents on days.agent_key = agents.agent_key
{% for day in ['message_days', 'reply_days', 'first_response_days'] -%}
left join {{ day }}
    on days.metric_date = {{ day }}.metric_date and days.agent_key = {{ day }}.agent_key
{% endfor %}
