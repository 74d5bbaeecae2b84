{# In every model, the shares of a deal sum to 1 and its money to the deal's net amount. #}
with

credited as (

    select
        deal_key,
        attribution_model,
        sum(attributed_share) as total_share,
        sum(attributed_amount) as amount,
        sum(company_attributed_amount) as company_amount
    from {{ ref('fct_attribution') }}
    group by deal_key, attribution_model

)

select
    credited.deal_key,
    credited.attribution_model,
    credited.total_share,
    credited.amount,
    deals.net_amount
from credited
left join {{ ref('fct_deals') }} as deals on credited.deal_key = deals.deal_key
where
    abs(credited.total_share - 1) > 1e-9
    or credited.amount is distinct from deals.net_amount
    or credited.company_amount is distinct from deals.company_net_amount
