{#
    A day of a channel. Conversation figures belong to the local date on which the conversation
    started (cohort), message counts to the date of the message, so the two are counted apart and
    laid beside each other. Spam stays out of all figures but its own.
#}
with

conversations as (

    select * from {{ ref('fct_conversations') }}

),

messages as (

    select * from {{ ref('fct_messages') }}

),

channels as (

    select * from {{ ref('dim_channels') }}

),

conversation_days as (

    select
        started_local_date as metric_date,
        source_slug,
        channel_key,
        team_key,
        sum(case when not is_spam and initiated_by = 'customer' then 1 else 0 end)
            as conversations_started,
        sum(case when not is_spam and initiated_by = 'us' then 1 else 0 end)
            as conversations_outbound,
        sum(case when is_spam then 1 else 0 end) as conversations_excluded,
        sum(case when not is_spam and is_finished then 1 else 0 end) as conversations_finished,
        sum(case when not is_spam and awaits_human then 1 else 0 end) as conversations_awaiting,
        sum(case when not is_spam and is_answered then 1 else 0 end) as first_responses,
        sum(case when not is_spam and not is_answered then 1 else 0 end) as unanswered,
        sum(case when not is_spam and is_open_unanswered then 1 else 0 end) as open_unanswered,
        sum(case when not is_spam and is_within_target is not null then 1 else 0 end)
            as first_responses_decided,
        sum(case when not is_spam and is_within_target then 1 else 0 end)
            as first_responses_within_target,
        sum(case when not is_spam and is_within_target_business is not null then 1 else 0 end)
            as first_responses_decided_business,
        sum(case when not is_spam and is_within_target_business then 1 else 0 end)
            as first_responses_within_target_business,
        {% for clock in ['calendar', 'business'] -%}
        {% set seconds = 'first_response_' ~ clock ~ '_seconds' -%}
        sum(case when not is_spam then {{ seconds }} end) as {{ seconds }}_sum,
        percentile_cont(0.5) within group (order by case when not is_spam then {{ seconds }} end)
            as {{ seconds }}_p50,
        percentile_cont(0.9) within group (order by case when not is_spam then {{ seconds }} end)
            as {{ seconds }}_p90,
        {% endfor -%}
        count(case when not is_spam then dialog_duration_seconds end) as dialogs,
        sum(case when not is_spam then dialog_duration_seconds end) as dialog_duration_seconds_sum,
        percentile_cont(0.5) within group (
            order by case when not is_spam then dialog_duration_seconds end
        ) as dialog_duration_seconds_p50,
        percentile_cont(0.9) within group (
            order by case when not is_spam then dialog_duration_seconds end
        ) as dialog_duration_seconds_p90,
        count(case when not is_spam then aht_active_seconds end) as conversations_with_effort,
        sum(case when not is_spam then aht_active_seconds end) as aht_active_seconds_sum
    from conversations
    group by started_local_date, source_slug, channel_key, team_key

),

message_days as (

    select
        messages.sent_local_date as metric_date,
        messages.source_slug,
        messages.channel_key,
        channels.team_key,
        sum(case when messages.author_type = 'customer' then 1 else 0 end) as messages_in,
        sum(case when messages.author_type = 'agent' then 1 else 0 end) as messages_out,
        sum(case when messages.author_type = 'bot' then 1 else 0 end) as messages_bot,
        count(*) as messages_total
    from messages
    inner join channels on messages.channel_key = channels.channel_key
    group by
        messages.sent_local_date,
        messages.source_slug,
        messages.channel_key,
        channels.team_key

),

-- distinct by union: a day has rows on both sides
days as (

    select
        metric_date,
        source_slug,
        channel_key,
        team_key
    from conversation_days
    union
    select
        metric_date,
        source_slug,
        channel_key,
        team_key
    from message_days

)

select
    {{ key(['days.metric_date', 'days.channel_key', 'days.team_key']) }} as conversations_daily_key,
    days.metric_date,
    days.source_slug,
    days.channel_key,
    channels.channel_type,
    days.team_key,
    {% for column in [
        'conversations_started', 'conversations_outbound', 'conversations_excluded',
        'conversations_finished', 'conversations_awaiting', 'first_responses', 'unanswered',
        'open_unanswered', 'first_responses_decided', 'first_responses_within_target',
        'first_responses_decided_business', 'first_responses_within_target_business',
    ] -%}
    cast(coalesce(conversation_days.{{ column }}, 0) as bigint) as {{ column }},
    {% endfor -%}
    {% for clock in ['calendar', 'business'] -%}
    {% set seconds = 'first_response_' ~ clock ~ '_seconds' -%}
    cast(conversation_days.{{ seconds }}_sum as bigint) as {{ seconds }}_sum,
    conversation_days.{{ seconds }}_p50,
    conversation_days.{{ seconds }}_p90,
    {% endfor -%}
    cast(coalesce(conversation_days.dialogs, 0) as bigint) as dialogs,
    cast(conversation_days.dialog_duration_seconds_sum as bigint) as dialog_duration_seconds_sum,
    conversation_days.dialog_duration_seconds_p50,
    conversation_days.dialog_duration_seconds_p90,
    cast(coalesce(conversation_days.conversations_with_effort, 0) as bigint)
        as conversations_with_effort,
    cast(conversation_days.aht_active_seconds_sum as bigint) as aht_active_seconds_sum,
    {% for column in ['messages_in', 'messages_out', 'messages_bot'] -%}
    cast(coalesce(message_days.{{ column }}, 0) as bigint) as {{ column }},
    {% endfor -%}
    cast(coalesce(message_days.messages_total, 0) as bigint) as messages_total
from days
inner join channels on days.channel_key = channels.channel_key
left join conversation_days
    on
        days.metric_date = conversation_days.metric_date
        and days.channel_key = conversation_days.channel_key
        and days.team_key = conversation_days.team_key
left join message_days
    on
        days.metric_date = message_days.metric_date
        and days.channel_key = message_days.channel_key
        and days.team_key = message_days.team_key
