select
    source_slug,
    -- As the metric counts them: events and system lines are no messages.
    cast(sum(
        case when event_type = 'message' and author_type <> 'system' then 1 else 0 end
    ) as bigint) as message_count,
    min(sent_at) as first_message_at,
    max(sent_at) as last_message_at,
    to_timestamp(cast(max(load_id) as double)) as last_loaded_at
from {{ ref('int_messages__unioned') }}
group by source_slug
