select
    row_key,
    rule,
    first_id,
    second_id
from {{ source('raw_otvet', 'identity_rules') }}
