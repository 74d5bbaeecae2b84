select
    party_id,
    party_type,
    source_slug,
    point_type,
    point_id,
    party_count,
    decision,
    person_key,
    known_since
from {{ ref('identity_links') }}
