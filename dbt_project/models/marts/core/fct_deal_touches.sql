{# The conversations that may have led to a deal, with its money and what each model credits. #}
with

bridge as (

    select * from {{ ref('bridge_conversation_deals') }}

),

conversations as (

    select * from {{ ref('fct_conversations') }}

),

deals as (

    select * from {{ ref('fct_deals') }}

),

credits as (

    select
        {% for model in attribution_models() -%}
        sum(case
            when attribution_model = '{{ model }}' then company_attributed_amount
        end) as {{ model }}_amount,
        {% endfor -%}
        deal_key,
        conversation_key
    from {{ ref('fct_attribution') }}
    group by deal_key, conversation_key

)

select
    {{ key(['bridge.deal_key', 'bridge.conversation_key', "'touch'"]) }} as deal_touch_key,
    bridge.deal_key,
    bridge.conversation_key,
    bridge.link_type,
    bridge.is_last_touch,
    conversations.customer_key,
    conversations.channel_key,
    conversations.team_key,
    conversations.first_response_agent_key,
    conversations.started_local_date,
    deals.net_amount,
    deals.currency_code,
    {% for model in attribution_models() -%}
    cast(credits.{{ model }}_amount as decimal(38, 2)) as company_{{ model }}_amount,
    {% endfor -%}
    deals.company_net_amount
from bridge
inner join conversations on bridge.conversation_key = conversations.conversation_key
inner join deals on bridge.deal_key = deals.deal_key
left join credits
    on bridge.deal_key = credits.deal_key and bridge.conversation_key = credits.conversation_key
