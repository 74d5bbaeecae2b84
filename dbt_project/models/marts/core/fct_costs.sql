{# Advertising spend; one row per line of the spend tables. #}
with

spend as (

    select
        *,
        coalesce(currency_code, '{{ var("default_currency") }}') as money_currency_code
    from {{ ref('stg_tabular__spend') }}

)

select
    {{ key(['spend.source_name', 'spend.spend_id']) }} as cost_key,
    spend.source_name as source_slug,
    'advertising' as cost_type,
    spend.spent_on as cost_date,
    spend.lead_source,
    spend.campaign,
    spend.channel_type,
    spend.amount as cost_amount,
    spend.money_currency_code as currency_code,
    spend.impressions,
    spend.clicks,
    {{ in_company_currency('spend.amount', 'spend.money_currency_code', 'rates') }}
        as company_cost_amount
from spend
{{ join_rate('rates', 'spend.money_currency_code', 'spend.spent_on') }}
