{# Conversations with what deals and the present moment say of them; all else is their threads' own. #}
with

facts as (

    select * from {{ ref('int_conversation_facts') }}

),

deals as (

    select * from {{ ref('int_conversation_deal_counts') }}

)

select
    facts.conversation_key,
    facts.thread_key,
    facts.first_message_key,
    facts.source_slug,
    facts.channel_type,
    facts.channel_key,
    facts.team_key,
    facts.customer_key,
    facts.interaction_type,
    facts.initiated_by,
    facts.started_at,
    facts.started_local_date,
    facts.last_message_at,
    facts.closed_at,
    facts.close_reason,
    facts.is_open,
    facts.is_finished,
    facts.waiting_since_at,
    facts.first_response_at,
    facts.first_response_agent_key,
    facts.first_response_calendar_seconds,
    facts.first_response_business_seconds,
    facts.first_wait_calendar_seconds,
    facts.first_wait_business_seconds,
    facts.waiting_since_local_hour,
    facts.waiting_since_iso_weekday,
    facts.frt_customer_view_seconds,
    facts.frt_bot_seconds,
    facts.frt_any_seconds,
    facts.is_answered,
    facts.has_first_response,
    facts.awaits_human,
    facts.is_within_target,
    facts.is_within_target_business,
    facts.is_business_zero,
    facts.is_open_unanswered,
    facts.is_customer_waiting,
    facts.dialog_duration_seconds,
    facts.aht_active_seconds,
    facts.resolution_calendar_seconds,
    facts.resolution_business_seconds,
    facts.message_count,
    facts.customer_message_count,
    facts.agent_message_count,
    facts.bot_message_count,
    facts.agent_count,
    facts.is_handed_off,
    case
        when facts.is_open then 'in_progress'
        when deals.paid_deal_count > 0 then 'purchase'
        when deals.open_deal_count + deals.won_deal_count > 0 then 'lead'
        when deals.lost_deal_count > 0 then 'refusal'
        else facts.outcome_without_deals
    end as outcome,
    deals.refusal_reason,
    facts.intent,
    facts.topic,
    facts.locale,
    facts.is_spam,
    coalesce(deals.deal_count, 0) as deal_count,
    coalesce(deals.is_lead_in_window, false) as has_lead_in_window,
    coalesce(deals.is_paid_in_window, false) as has_purchase_in_window,
    {{ add_seconds('facts.started_at', var('lead_window_days') * 86400) }}
    <= {{ as_of() }} as is_lead_window_mature,
    {{ add_seconds('facts.started_at', var('purchase_window_days') * 86400) }}
    <= {{ as_of() }} as is_purchase_window_mature,
    deals.attributed_amount,
    '{{ var("definition_version") }}' as definition_version
from facts
left join deals on facts.conversation_key = deals.conversation_key
