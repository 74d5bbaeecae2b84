{# The portal's users, also those who left; a bot is told apart by its messages. #}
select
    source_name,
    author_id as agent_id,
    name as agent_name,
    'agent' as role,
    cast(null as {{ dbt.type_string() }}) as team,
    cast(null as date) as valid_from,
    cast(null as date) as valid_to
from {{ source('raw_bitrix24', 'users') }}
where author_id is not null
