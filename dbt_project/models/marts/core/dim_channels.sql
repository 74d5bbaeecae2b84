select
    channel_key,
    min(source_slug) as source_slug,
    min(channel_type) as channel_type,
    min(channel_account_id) as channel_account_id,
    coalesce(min(channel_name), min(source_slug)) as channel_name,
    min(team) as team_key,
    count(*) as thread_count
from {{ ref('int_known_threads') }}
group by channel_key
