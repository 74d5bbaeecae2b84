{#
    A month of a channel. Percentiles and distinct customers are computed on the facts of the month:
    neither can be had by adding up days. Conversation figures belong to the month in which the
    conversation started, messages, sessions and outbound attempts to their own.
#}
with

channels as (

    select * from {{ ref('dim_channels') }}

),

conversations as (

    select
        *,
        initiated_by = 'customer' and intent <> 'service' as is_sales_base
    from {{ ref('fct_conversations') }}
    where not is_spam

),

conversation_months as (

    select
        {{ month_of('started_local_date') }} as metric_month,
        channel_key,
        sum(case when initiated_by = 'customer' then 1 else 0 end) as conversations_started,
        sum(case when initiated_by = 'us' then 1 else 0 end) as conversations_outbound,
        sum(case when is_finished then 1 else 0 end) as conversations_finished,
        sum(case when awaits_human then 1 else 0 end) as conversations_awaiting,
        sum(case when is_answered then 1 else 0 end) as first_responses,
        sum(case when not is_answered then 1 else 0 end) as unanswered,
        sum(case when is_within_target is not null then 1 else 0 end) as first_responses_decided,
        sum(case when is_within_target then 1 else 0 end) as first_responses_within_target,
        {% for clock in ['calendar', 'business'] -%}
        {% set seconds = 'first_response_' ~ clock ~ '_seconds' -%}
        sum({{ seconds }}) as {{ seconds }}_sum,
        percentile_cont(0.5) within group (order by {{ seconds }}) as {{ seconds }}_p50,
        percentile_cont(0.9) within group (order by {{ seconds }}) as {{ seconds }}_p90,
        {% endfor -%}
        count(dialog_duration_seconds) as dialogs,
        sum(dialog_duration_seconds) as dialog_duration_seconds_sum,
        percentile_cont(0.5) within group (order by dialog_duration_seconds)
            as dialog_duration_seconds_p50,
        -- distinct: a customer has several conversations in a month
        count(distinct case when agent_message_count > 0 then customer_key end)
            as customers_served,
        sum(case when is_sales_base and is_lead_window_mature then 1 else 0 end)
            as sales_conversations_matured,
        sum(case
            when is_sales_base and is_lead_window_mature and has_lead_in_window then 1
            else 0
        end) as sales_conversations_with_lead,
        sum(case when is_sales_base and is_purchase_window_mature then 1 else 0 end)
            as sales_conversations_matured_for_payment,
        sum(case
            when is_sales_base and is_purchase_window_mature and has_purchase_in_window then 1
            else 0
        end) as sales_conversations_paid
    from conversations
    group by {{ month_of('started_local_date') }}, channel_key

),

message_months as (

    select
        {{ month_of('sent_local_date') }} as metric_month,
        channel_key,
        sum(case when author_type = 'customer' then 1 else 0 end) as messages_in,
        sum(case when author_type = 'agent' then 1 else 0 end) as messages_out,
        sum(case when author_type = 'bot' then 1 else 0 end) as messages_bot,
        -- distinct: a customer writes many messages
        count(distinct case when author_type = 'customer' then customer_key end)
            as active_customers
    from {{ ref('fct_messages') }}
    group by {{ month_of('sent_local_date') }}, channel_key

),

session_months as (

    select
        {{ month_of('started_local_date') }} as metric_month,
        channel_key,
        count(*) as sessions,
        sum(case when is_single_message then 1 else 0 end) as sessions_single_message,
        percentile_cont(0.5) within group (order by session_length_seconds)
            as session_length_seconds_p50
    from {{ ref('fct_sessions') }}
    where is_customer_active
    group by {{ month_of('started_local_date') }}, channel_key

),

outbound_months as (

    select
        {{ month_of('started_local_date') }} as metric_month,
        channel_key,
        count(*) as outbound_attempts,
        sum(case when is_replied then 1 else 0 end) as outbound_attempts_replied
    from {{ ref('fct_outbound_attempts') }}
    group by {{ month_of('started_local_date') }}, channel_key

),

{% set parts = ['conversation_months', 'message_months', 'session_months', 'outbound_months'] -%}
-- distinct by union: a month of a channel may have rows of all four kinds
months as (

    {% for part in parts -%}
    select
        metric_month,
        channel_key
    from {{ part }}
    {{ 'union' if not loop.last }}
    {% endfor %}
)

select
    {{ key(['months.metric_month', 'months.channel_key']) }} as channels_monthly_key,
    months.metric_month,
    months.channel_key,
    channels.source_slug,
    channels.channel_type,
    channels.channel_name,
    channels.team_key,
    {% for column in [
        'conversations_started', 'conversations_outbound', 'conversations_finished',
        'conversations_awaiting', 'first_responses', 'unanswered', 'first_responses_decided',
        'first_responses_within_target',
    ] -%}
    cast(coalesce(conversation_months.{{ column }}, 0) as bigint) as {{ column }},
    {% endfor -%}
    {% for clock in ['calendar', 'business'] -%}
    {% set seconds = 'first_response_' ~ clock ~ '_seconds' -%}
    cast(conversation_months.{{ seconds }}_sum as bigint) as {{ seconds }}_sum,
    conversation_months.{{ seconds }}_p50,
    conversation_months.{{ seconds }}_p90,
    {% endfor -%}
    cast(coalesce(conversation_months.dialogs, 0) as bigint) as dialogs,
    cast(conversation_months.dialog_duration_seconds_sum as bigint) as dialog_duration_seconds_sum,
    conversation_months.dialog_duration_seconds_p50,
    {% for column in [
        'customers_served', 'sales_conversations_matured', 'sales_conversations_with_lead',
        'sales_conversations_matured_for_payment', 'sales_conversations_paid',
    ] -%}
    cast(coalesce(conversation_months.{{ column }}, 0) as bigint) as {{ column }},
    {% endfor -%}
    {% for column in ['messages_in', 'messages_out', 'messages_bot', 'active_customers'] -%}
    cast(coalesce(message_months.{{ column }}, 0) as bigint) as {{ column }},
    {% endfor -%}
    {% for column in ['sessions', 'sessions_single_message'] -%}
    cast(coalesce(session_months.{{ column }}, 0) as bigint) as {{ column }},
    {% endfor -%}
    session_months.session_length_seconds_p50,
    cast(coalesce(outbound_months.outbound_attempts, 0) as bigint) as outbound_attempts,
    cast(coalesce(outbound_months.outbound_attempts_replied, 0) as bigint)
        as outbound_attempts_replied
from months
inner join channels on months.channel_key = channels.channel_key
{% for part in parts -%}
left join {{ part }}
    on
        months.metric_month = {{ part }}.metric_month
        and months.channel_key = {{ part }}.channel_key
{% endfor %}
