{# The conversations that may have led to a deal, with the deal's money. #}
with

bridge as (

    select * from {{ ref('bridge_conversation_deals') }}

),

conversations as (

    select * from {{ ref('fct_conversations') }}

),

deals as (

    select * from {{ ref('fct_deals') }}

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
    deals.company_net_amount
from bridge
inner join conversations on bridge.conversation_key = conversations.conversation_key
inner join deals on bridge.deal_key = deals.deal_key
