select
    source_slug,
    cast(sum(message_count) as bigint) as message_count,
    min(first_event_at) as first_message_at,
    max(last_event_at) as last_message_at,
    to_timestamp(cast(max(last_load_id) as double)) as last_loaded_at
from {{ ref('int_known_threads') }}
group by source_slug
