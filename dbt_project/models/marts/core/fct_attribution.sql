{# Last touch: the whole net money of a deal goes to one conversation. #}
with

bridge as (

    select * from {{ ref('bridge_conversation_deals') }}
    where is_last_touch

),

deals as (

    select * from {{ ref('fct_deals') }}

)

select
    {{ key(['bridge.deal_key', 'bridge.conversation_key', "'last_touch'"]) }} as attribution_key,
    bridge.deal_key,
    bridge.conversation_key,
    'last_touch' as attribution_model,
    cast(1 as double) as attributed_share,
    deals.net_amount as attributed_amount,
    deals.currency_code
from bridge
inner join deals on bridge.deal_key = deals.deal_key
