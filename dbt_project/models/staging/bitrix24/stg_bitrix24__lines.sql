{# Open lines by the name that the portal gives them. #}
select
    source_name as source_slug,
    line_id as channel_account_id,
    name as channel_name
from {{ source('raw_bitrix24', 'lines') }}
where name is not null
