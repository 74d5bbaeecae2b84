{# Deals that there are. A property of otvet.toml is found by its name or its label. #}
with

{{ deals_with_fields(
    'raw_hubspot', 'deals', 'deal_id', 'deals', 'properties',
    "definitions.object_type = 'deals' and definitions.is_custom", 'name', ['name', 'label'],
) }}

select * from valued
