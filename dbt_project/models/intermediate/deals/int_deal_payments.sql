{#
    What was paid and refunded per deal. Where no payments are listed, the amount that the deal itself
    calls paid counts as one payment at the close. In the company's currency each payment and refund
    counts by the rate of its own day, and one without a rate leaves the deal's sum unknown; in the
    deal's currency the sum is known where all were in it.
#}
with

deals as (

    select
        *,
        -- A deal that has no day of its close has that of its creation.
        {{ local_date('coalesce(closed_at, created_at)') }} as amount_local_date
    from {{ ref('int_deals__unioned') }}

),

payments as (

    select
        deal_key,
        min(case when payment_type = 'payment' then paid_at end) as first_paid_at,
        min(currency_code) as currency_code,
        count(distinct currency_code) = 1 as is_one_currency,
        count(company_amount) = count(*) as is_rated,
        sum(case when payment_type = 'payment' then amount else 0 end) as paid_amount,
        sum(case when payment_type = 'refund' then amount else 0 end) as refunded_amount,
        sum(signed_amount) as net_amount,
        sum(case when payment_type = 'payment' then company_amount else 0 end)
            as company_paid_amount,
        sum(case when payment_type = 'refund' then company_amount else 0 end)
            as company_refunded_amount,
        sum(company_signed_amount) as company_net_amount
    from {{ ref('fct_payments') }}
    where deal_key is not null
    group by deal_key

),

joined as (

    select
        {% for amount in ['paid_amount', 'refunded_amount', 'net_amount'] -%}
        payments.{{ amount }},
        payments.company_{{ amount }},
        {% endfor -%}
        deals.deal_key,
        deals.closed_at,
        payments.deal_key is null as is_unlisted,
        deals.paid_amount as stated_amount,
        {{ in_company_currency('deals.paid_amount', 'deals.currency_code', 'rates') }}
            as company_stated_amount,
        payments.first_paid_at,
        coalesce(payments.is_one_currency and payments.currency_code = deals.currency_code, false)
            as is_in_currency,
        coalesce(payments.is_rated, false) as is_rated
    from deals
    left join payments on deals.deal_key = payments.deal_key
    {{ join_rate('rates', 'deals.currency_code', 'deals.amount_local_date') }}

)

select
    deal_key,
    coalesce(first_paid_at, case when is_unlisted and stated_amount > 0 then closed_at end)
        as first_paid_at,
    case when is_unlisted then stated_amount when is_in_currency then paid_amount end
        as paid_amount,
    case when is_in_currency then refunded_amount end as refunded_amount,
    case when is_unlisted then stated_amount when is_in_currency then net_amount end as net_amount,
    case when is_unlisted then company_stated_amount when is_rated then company_paid_amount end
        as company_paid_amount,
    case when is_rated then company_refunded_amount end as company_refunded_amount,
    case when is_unlisted then company_stated_amount when is_rated then company_net_amount end
        as company_net_amount
from joined
