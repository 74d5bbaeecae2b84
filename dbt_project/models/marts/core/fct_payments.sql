with

payments as (

    select * from {{ ref('stg_tabular__payments') }}

)

select
    {{ key(['source_name', 'payment_id']) }} as payment_key,
    -- A table of payments beside a CRM says whose deals it means.
    case
        when deal_id is not null
            then {{ key(["coalesce(deal_source_name, source_name)", 'deal_id']) }}
    end as deal_key,
    source_name as source_slug,
    payment_type,
    paid_at,
    {{ local_date('paid_at') }} as paid_local_date,
    amount,
    case when payment_type = 'refund' then -amount else amount end as signed_amount,
    coalesce(currency_code, '{{ var("default_currency") }}') as currency_code
from payments
