{# Deals that there are. A field of otvet.toml is found by the name, the code or the id of it. #}
with

{{ deals_with_fields(
    'raw_amocrm', 'leads', 'lead_id', 'lead', 'custom_fields', "definitions.entity_type = 'leads'",
    'field_id', ['name', 'code', 'field_id'],
) }}

select * from valued
