{{ config(
    materialized='incremental', incremental_strategy='by_thread', unique_key='conversation_key'
) }}
{#
    Conversations with what deals and the present moment say of them; all else is their threads' own.
    Of threads that are not entered an increment replaces the rows about which those say otherwise.
#}
{% set judged_columns = [
    'outcome', 'refusal_reason', 'deal_count', 'has_lead_in_window', 'has_purchase_in_window',
    'is_lead_window_mature', 'is_purchase_window_mature', 'attributed_amount',
    'company_attributed_amount', 'seconds_to_lead', 'seconds_to_purchase',
    'seconds_to_repeat_purchase',
] -%}
with

facts as (

    select * from {{ ref('int_conversation_facts') }}

),

deals as (

    select * from {{ ref('int_conversation_deal_counts') }}

),

judged as (

    select
        facts.*,
        case
            when facts.is_open then 'in_progress'
            when deals.paid_deal_count > 0 then 'purchase'
            when deals.open_deal_count + deals.won_deal_count > 0 then 'lead'
            when deals.lost_deal_count > 0 then 'refusal'
            else facts.outcome_without_deals
        end as outcome,
        deals.refusal_reason,
        coalesce(deals.deal_count, 0) as deal_count,
        coalesce(deals.is_lead_in_window, false) as has_lead_in_window,
        coalesce(deals.is_paid_in_window, false) as has_purchase_in_window,
        {{ add_seconds('facts.started_at', var('lead_window_days') * 86400) }}
        <= {{ as_of() }} as is_lead_window_mature,
        {{ add_seconds('facts.started_at', var('purchase_window_days') * 86400) }}
        <= {{ as_of() }} as is_purchase_window_mature,
        deals.attributed_amount,
        deals.company_attributed_amount,
        deals.seconds_to_lead,
        deals.seconds_to_purchase,
        deals.seconds_to_repeat_purchase
    from facts
    left join deals on facts.conversation_key = deals.conversation_key

)

select
    judged.conversation_key,
    judged.thread_key,
    judged.first_message_key,
    judged.source_slug,
    judged.channel_type,
    judged.channel_key,
    judged.team_key,
    judged.customer_key,
    judged.interaction_type,
    judged.initiated_by,
    judged.started_at,
    judged.started_local_date,
    judged.last_message_at,
    judged.closed_at,
    judged.close_reason,
    judged.is_open,
    judged.is_finished,
    judged.waiting_since_at,
    judged.first_response_at,
    judged.first_response_agent_key,
    judged.first_response_calendar_seconds,
    judged.first_response_business_seconds,
    judged.first_wait_calendar_seconds,
    judged.first_wait_business_seconds,
    judged.waiting_since_local_hour,
    judged.waiting_since_iso_weekday,
    judged.frt_customer_view_seconds,
    judged.frt_bot_seconds,
    judged.frt_any_seconds,
    judged.is_answered,
    judged.has_first_response,
    judged.awaits_human,
    judged.is_within_target,
    judged.is_within_target_business,
    judged.is_business_zero,
    judged.is_open_unanswered,
    judged.is_customer_waiting,
    judged.dialog_duration_seconds,
    judged.aht_active_seconds,
    judged.resolution_calendar_seconds,
    judged.resolution_business_seconds,
    judged.message_count,
    judged.customer_message_count,
    judged.agent_message_count,
    judged.bot_message_count,
    judged.agent_count,
    judged.is_handed_off,
    judged.outcome,
    judged.refusal_reason,
    judged.intent,
    judged.topic,
    judged.locale,
    judged.is_spam,
    judged.deal_count,
    judged.has_lead_in_window,
    judged.has_purchase_in_window,
    judged.is_lead_window_mature,
    judged.is_purchase_window_mature,
    judged.attributed_amount,
    '{{ var("definition_version") }}' as definition_version,
    judged.company_attributed_amount,
    judged.seconds_to_reply,
    judged.seconds_to_reaction,
    judged.seconds_to_lead,
    judged.seconds_to_payment_link,
    -- No source tells of visits to a payment page yet.
    cast(null as bigint) as seconds_to_payment_page,
    judged.seconds_to_purchase,
    judged.seconds_to_repeat_purchase,
    case
        when judged.initiated_by = 'us' or judged.is_spam or judged.intent = 'service' then null
        when not coalesce(judged.is_answered, false) then 'first_message'
        when judged.has_purchase_in_window and judged.seconds_to_repeat_purchase is not null
            then 'repeat_purchase'
        when judged.has_purchase_in_window then 'purchase'
        when judged.has_lead_in_window and judged.seconds_to_payment_link is not null
            then 'payment_link'
        when judged.has_lead_in_window then 'lead'
        when judged.seconds_to_reaction is not null then 'reaction'
        else 'reply'
    end as funnel_stage
from judged
{% if is_increment() -%}
left join {{ kept('marts', 'fct_conversations') }} as kept
    on judged.conversation_key = kept.conversation_key
where
    judged.thread_key in (select thread_key from {{ ref('int_touched_threads') }})
    or kept.conversation_key is null
    {% for column in judged_columns -%}
    or judged.{{ column }} is distinct from kept.{{ column }}
    {% endfor %}
{%- endif %}
