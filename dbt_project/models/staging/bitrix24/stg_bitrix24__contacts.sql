{# None: chats show no cards, those of the CRM are contact points (int_contact_points__bitrix24). #}
select
    source_name,
    cast(contact_id as {{ dbt.type_string() }}) as contact_id,
    cast(null as {{ dbt.type_string() }}) as messenger_id,
    cast(null as {{ dbt.type_string() }}) as phone_id
from {{ source('raw_bitrix24', 'contacts') }}
where contact_id is null
