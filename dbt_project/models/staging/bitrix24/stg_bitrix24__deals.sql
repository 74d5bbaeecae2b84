{#
    Deals that there are. A field of otvet.toml is found by the name, the code or the id of it; a value
    that is chosen from a list is a number, whose name is in the field's items.
#}
with

deals as (

    select * from {{ source('raw_bitrix24', 'deals') }}

),

items as (

    select * from {{ source('raw_bitrix24', 'custom_field_items') }}
    where entity_type = 'deal'

),

removed as (

    select
        source_name,
        entity_id
    from {{ source('raw_bitrix24', 'removals') }}
    where entity_type = 'deal' and is_removed

),

named_fields as (

    select
        configured.source_name,
        configured.role,
        min(definitions.field_id) as field_id
    from {{ source('raw_otvet', 'crm_fields') }} as configured
    inner join {{ source('raw_bitrix24', 'custom_fields') }} as definitions
        on
            configured.source_name = definitions.source_name
            and definitions.entity_type = 'deal'
            and configured.custom_field in (
                definitions.name, definitions.code, definitions.field_id
            )
    group by configured.source_name, configured.role

),

fields as (

    select
        source_name,
        max(case when role = 'amount' then field_id end) as amount,
        max(case when role = 'currency_code' then field_id end) as currency_code,
        max(case when role = 'product' then field_id end) as product,
        max(case when role = 'lost_reason' then field_id end) as lost_reason,
        max(case when role = 'paid_amount' then field_id end) as paid_amount,
        max(case when role = 'first_contact_seconds' then field_id end) as first_contact_seconds
    from named_fields
    group by source_name

),

valued as (

    select
        deals.*,
        fields.product as product_field,
        fields.lost_reason as lost_reason_field,
        {{ json_text('deals.custom_fields', 'fields.amount') }} as field_amount,
        {{ json_text('deals.custom_fields', 'fields.currency_code') }} as field_currency_code,
        {{ json_text('deals.custom_fields', 'fields.product') }} as product_value,
        {{ json_text('deals.custom_fields', 'fields.lost_reason') }} as lost_reason_value,
        {{ json_text('deals.custom_fields', 'fields.paid_amount') }} as field_paid_amount,
        {{ json_text('deals.custom_fields', 'fields.first_contact_seconds') }}
            as field_first_contact_seconds
    from deals
    left join fields on deals.source_name = fields.source_name

)

select
    valued.*,
    coalesce(products.name, valued.product_value) as field_product,
    coalesce(reasons.name, valued.lost_reason_value) as field_lost_reason
from valued
left join items as products
    on
        valued.source_name = products.source_name
        and valued.product_field = products.field_id
        and valued.product_value = cast(products.item_id as {{ dbt.type_string() }})
left join items as reasons
    on
        valued.source_name = reasons.source_name
        and valued.lost_reason_field = reasons.field_id
        and valued.lost_reason_value = cast(reasons.item_id as {{ dbt.type_string() }})
left join removed
    on valued.source_name = removed.source_name and valued.deal_id = removed.entity_id
where removed.entity_id is null
