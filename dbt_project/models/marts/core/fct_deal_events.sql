select
    {{ key(['source_name', 'deal_event_id']) }} as deal_event_key,
    {{ key(['source_name', 'deal_id']) }} as deal_key,
    source_name as source_slug,
    event_type,
    from_stage,
    to_stage,
    occurred_at
from {{ ref('stg_tabular__deal_events') }}
