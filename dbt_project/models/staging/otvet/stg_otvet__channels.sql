select
    source_name as source_slug,
    channel_account_id,
    channel_name,
    team,
    gap_hours
from {{ source('raw_otvet', 'channels') }}
