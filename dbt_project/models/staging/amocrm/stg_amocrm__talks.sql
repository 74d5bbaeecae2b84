{#
    Runs of messages in chats. A chat has amoCRM's own id, which a messenger does not know: only tables
    whose chats are called by it (an archive of amoCRM's webhooks) have the same.
#}
select
    source_name,
    talk_id,
    chat_id,
    contact_id,
    lead_id,
    origin,
    is_in_work,
    created_at,
    updated_at
from {{ source('raw_amocrm', 'talks') }}
