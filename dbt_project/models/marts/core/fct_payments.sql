with

payments as (

    select
        *,
        -- A table of payments beside a CRM says whose deals it means.
        coalesce(deal_source_name, source_name) as deal_source_slug,
        {{ local_date('paid_at') }} as paid_local_date,
        case when payment_type = 'refund' then -1 else 1 end as direction,
        coalesce(currency_code, '{{ var("default_currency") }}') as money_currency_code
    from {{ ref('stg_tabular__payments') }}

),

converted as (

    select
        payments.*,
        {{ in_company_currency('payments.amount', 'payments.money_currency_code', 'rates') }}
            as company_amount
    from payments
    {{ join_rate('rates', 'payments.money_currency_code', 'payments.paid_local_date') }}

)

select
    {{ key(['source_name', 'payment_id']) }} as payment_key,
    case when deal_id is not null then {{ key(['deal_source_slug', 'deal_id']) }} end as deal_key,
    source_name as source_slug,
    payment_type,
    paid_at,
    paid_local_date,
    amount,
    cast(amount * direction as decimal(18, 2)) as signed_amount,
    money_currency_code as currency_code,
    cast(company_amount as decimal(38, 2)) as company_amount,
    cast(company_amount * direction as decimal(38, 2)) as company_signed_amount
from converted
