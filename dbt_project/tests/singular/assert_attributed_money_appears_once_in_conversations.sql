{#
    What conversations carry as attributed money is what last touch gave away, nothing else, and the
    touches of deals carry what each model gave away.
#}
with

conversations as (

    select sum(company_attributed_amount) as amount
    from {{ ref('fct_conversations') }}

),

attribution as (

    select sum(company_attributed_amount) as amount
    from {{ ref('fct_attribution') }}
    where attribution_model = 'last_touch'

),

touches as (

    {% for model in attribution_models() -%}
    select
        '{{ model }}' as attribution_model,
        sum(company_{{ model }}_amount) as amount
    from {{ ref('fct_deal_touches') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

models as (

    select
        attribution_model,
        sum(company_attributed_amount) as amount
    from {{ ref('fct_attribution') }}
    group by attribution_model

)

select
    conversations.amount as conversation_amount,
    attribution.amount as attribution_amount
from conversations
cross join attribution
where conversations.amount is distinct from attribution.amount
union all
select
    touches.amount as conversation_amount,
    models.amount as attribution_amount
from touches
left join models on touches.attribution_model = models.attribution_model
where touches.amount is distinct from models.amount
