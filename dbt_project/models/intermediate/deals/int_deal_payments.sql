{#
    What was paid and refunded per deal. Where no payments are listed, the amount that the deal itself
    calls paid counts as one payment at the close.
#}
with

deals as (

    select * from {{ ref('int_deals__unioned') }}

),

payments as (

    select
        deal_key,
        min(case when payment_type = 'payment' then paid_at end) as first_paid_at,
        sum(case when payment_type = 'payment' then amount else 0 end) as paid_amount,
        sum(case when payment_type = 'refund' then amount else 0 end) as refunded_amount,
        sum(signed_amount) as net_amount
    from {{ ref('fct_payments') }}
    where deal_key is not null
    group by deal_key

)

select
    deals.deal_key,
    coalesce(
        payments.first_paid_at,
        case
            when payments.deal_key is null and deals.paid_amount > 0 then deals.closed_at
        end
    ) as first_paid_at,
    coalesce(payments.paid_amount, deals.paid_amount) as paid_amount,
    payments.refunded_amount,
    coalesce(payments.net_amount, deals.paid_amount) as net_amount
from deals
left join payments on deals.deal_key = payments.deal_key
