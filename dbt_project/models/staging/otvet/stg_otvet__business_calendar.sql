select
    team,
    utc_date,
    segment_start_at,
    segment_end_at,
    is_open,
    open_seconds_before
from {{ source('raw_otvet', 'business_calendar') }}
