{# Advertising spend; one row per line of the spend tables. #}
select
    {{ key(['source_name', 'spend_id']) }} as cost_key,
    source_name as source_slug,
    'advertising' as cost_type,
    spent_on as cost_date,
    lead_source,
    campaign,
    channel_type,
    amount as cost_amount,
    coalesce(currency_code, '{{ var("default_currency") }}') as currency_code,
    impressions,
    clicks
from {{ ref('stg_tabular__spend') }}
