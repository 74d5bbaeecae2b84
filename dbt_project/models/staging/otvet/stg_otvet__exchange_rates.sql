select
    currency_code,
    valid_from,
    valid_to,
    rate
from {{ source('raw_otvet', 'exchange_rates') }}
