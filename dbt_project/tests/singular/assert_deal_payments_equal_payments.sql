{# Money of deals that have payments is the money of those payments. #}
with

payments as (

    select
        deal_key,
        sum(signed_amount) as net_amount
    from {{ ref('fct_payments') }}
    where deal_key is not null
    group by deal_key

)

select
    deals.deal_key,
    deals.net_amount,
    payments.net_amount as payments_net_amount
from {{ ref('fct_deals') }} as deals
inner join payments on deals.deal_key = payments.deal_key
where deals.net_amount is distinct from payments.net_amount
