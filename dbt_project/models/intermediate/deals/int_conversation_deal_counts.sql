{# Deals and money per conversation. #}
{% set in_window = (
    'bridge.seconds_to_payment between 0 and ' ~ (var('purchase_window_days') * 86400)
) -%}
with

bridge as (

    select * from {{ ref('bridge_conversation_deals') }}

),

deals as (

    select * from {{ ref('fct_deals') }}

),

attribution as (

    select
        conversation_key,
        -- Money of two currencies does not add up.
        case when min(currency_code) = max(currency_code) then sum(attributed_amount) end
            as attributed_amount,
        sum(company_attributed_amount) as company_attributed_amount
    from {{ ref('fct_attribution') }}
    where attribution_model = 'last_touch'
    group by conversation_key

),

counts as (

    select
        bridge.conversation_key,
        count(*) as deal_count,
        -- Paid in another currency than its own a deal has no amount, but a day.
        sum(case
            when deals.paid_amount > 0 or deals.first_paid_at is not null then 1 else 0
        end) as paid_deal_count,
        sum(case when deals.status = 'won' then 1 else 0 end) as won_deal_count,
        sum(case when deals.status = 'open' then 1 else 0 end) as open_deal_count,
        sum(case when deals.status = 'lost' then 1 else 0 end) as lost_deal_count,
        min(case when deals.status = 'lost' then deals.lost_reason end) as refusal_reason,
        max(case
            when bridge.seconds_to_deal <= {{ var('lead_window_days') * 86400 }} then 1 else 0
        end) = 1 as is_lead_in_window,
        max(case
            when {{ in_window }} then 1
            else 0
        end) = 1 as is_paid_in_window,
        min(bridge.seconds_to_deal) as seconds_to_lead,
        min(case when {{ in_window }} then bridge.seconds_to_payment end) as seconds_to_purchase,
        min(case
            when {{ in_window }}
                then
                    bridge.seconds_to_payment
                    + {{ seconds_between('deals.first_paid_at', 'deals.next_purchase_at') }}
        end) as seconds_to_repeat_purchase
    from bridge
    inner join deals on bridge.deal_key = deals.deal_key
    group by bridge.conversation_key

)

select
    counts.*,
    attribution.attributed_amount,
    attribution.company_attributed_amount
from counts
left join attribution on counts.conversation_key = attribution.conversation_key
