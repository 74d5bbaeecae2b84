{# Calls that telephony noted at deals and at cards of people. #}
select
    source_name,
    note_id,
    entity_type,
    entity_id,
    direction,
    duration_seconds,
    phone_id,
    source,
    responsible_user_id,
    created_at,
    updated_at
from {{ source('raw_amocrm', 'calls') }}
