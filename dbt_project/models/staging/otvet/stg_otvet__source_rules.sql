select
    source_name as source_slug,
    source_kind,
    us_rule,
    conversation_mode,
    team
from {{ source('raw_otvet', 'source_rules') }}
