{#
    Deals that there are. A field of otvet.toml is found by the name, the code or the id of it; a value
    that is chosen from a list is a number, whose name is in the field's items.
#}
with

{{ deals_with_fields(
    'raw_bitrix24', 'deals', 'deal_id', 'deal', 'custom_fields', "definitions.entity_type = 'deal'",
    'field_id', ['name', 'code', 'field_id'],
) }},

items as (

    select * from {{ source('raw_bitrix24', 'custom_field_items') }}
    where entity_type = 'deal'

)

select
    valued.*,
    coalesce(products.name, valued.field_product) as product_name,
    coalesce(reasons.name, valued.field_lost_reason) as lost_reason_name
from valued
left join items as products
    on
        valued.source_name = products.source_name
        and valued.product_field = products.field_id
        and valued.field_product = cast(products.item_id as {{ dbt.type_string() }})
left join items as reasons
    on
        valued.source_name = reasons.source_name
        and valued.lost_reason_field = reasons.field_id
        and valued.field_lost_reason = cast(reasons.item_id as {{ dbt.type_string() }})
