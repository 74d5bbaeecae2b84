{# Incoming leads. One that was accepted or declined leaves amoCRM's list: it was seen earlier. #}
select
    unsorted.source_name,
    unsorted.uid,
    unsorted.category,
    unsorted.lead_source,
    unsorted.pipeline_id,
    unsorted.lead_id,
    unsorted.contact_id,
    unsorted.created_at,
    unsorted.seen_at,
    unsorted.seen_at >= accounts.read_at as is_waiting
from {{ source('raw_amocrm', 'unsorted') }} as unsorted
inner join {{ source('raw_amocrm', 'accounts') }} as accounts
    on unsorted.source_name = accounts.source_name
