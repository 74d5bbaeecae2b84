{#
    What was paid and refunded per deal. Without a table of payments: the paid amount at the close.
#}
with

payments as (

    select * from {{ ref('fct_payments') }}

)

select
    deal_key,
    min(case when payment_type = 'payment' then paid_at end) as first_paid_at,
    sum(case when payment_type = 'payment' then amount else 0 end) as paid_amount,
    sum(case when payment_type = 'refund' then amount else 0 end) as refunded_amount,
    sum(signed_amount) as net_amount
from payments
where deal_key is not null
group by deal_key
