select
    row_key,
    source_name as source_slug,
    match_id,
    role,
    agent_id,
    agent_name,
    team,
    valid_from,
    valid_to
from {{ source('raw_otvet', 'roster') }}
