{#
    Money of deals that have payments is the money of those payments: in the deal's currency where all
    were made in it, in the company's where all have a rate; else unknown.
#}
with

payments as (

    select
        deal_key,
        count(distinct currency_code) as currency_count,
        min(currency_code) as currency_code,
        sum(signed_amount) as net_amount,
        case when count(company_signed_amount) = count(*) then sum(company_signed_amount) end
            as company_net_amount
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
where
    deals.net_amount is distinct from case
        when payments.currency_count = 1 and payments.currency_code = deals.currency_code
            then payments.net_amount
    end
    or deals.company_net_amount is distinct from payments.company_net_amount
