{# What conversations carry as attributed money is what last touch gave away, nothing else. #}
with

conversations as (

    select sum(company_attributed_amount) as amount
    from {{ ref('fct_conversations') }}

),

attribution as (

    select sum(company_attributed_amount) as amount
    from {{ ref('fct_attribution') }}
    where attribution_model = 'last_touch'

)

select
    conversations.amount as conversation_amount,
    attribution.amount as attribution_amount
from conversations
cross join attribution
where conversations.amount is distinct from attribution.amount
