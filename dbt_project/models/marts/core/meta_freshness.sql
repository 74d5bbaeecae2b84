select
    source_slug,
    count(*) as message_count,
    min(sent_at) as first_message_at,
    max(sent_at) as last_message_at,
    to_timestamp(cast(max(load_id) as double)) as last_loaded_at
from {{ ref('int_messages__unioned') }}
group by source_slug
