{# Tasks of deals and people, without their texts. #}
select
    source_name,
    task_id,
    entity_type,
    entity_id,
    task_type_id,
    responsible_user_id,
    is_completed,
    complete_till,
    created_by,
    created_at,
    updated_at
from {{ source('raw_amocrm', 'tasks') }}
