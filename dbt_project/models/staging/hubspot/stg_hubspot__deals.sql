{# Deals that there are. A property of otvet.toml is found by its name or its label. #}
with

deals as (

    select * from {{ source('raw_hubspot', 'deals') }}

),

removed as (

    select
        source_name,
        entity_id
    from {{ source('raw_hubspot', 'removals') }}
    where entity_type = 'deals' and is_removed

),

named_fields as (

    select
        configured.source_name,
        configured.role,
        min(definitions.name) as name
    from {{ source('raw_otvet', 'crm_fields') }} as configured
    inner join {{ source('raw_hubspot', 'properties') }} as definitions
        on
            configured.source_name = definitions.source_name
            and definitions.object_type = 'deals'
            and definitions.is_custom
            and configured.custom_field in (definitions.name, definitions.label)
    group by configured.source_name, configured.role

),

fields as (

    select
        source_name,
        max(case when role = 'amount' then name end) as amount,
        max(case when role = 'currency_code' then name end) as currency_code,
        max(case when role = 'product' then name end) as product,
        max(case when role = 'paid_amount' then name end) as paid_amount,
        max(case when role = 'first_contact_seconds' then name end) as first_contact_seconds
    from named_fields
    group by source_name

)

select
    deals.*,
    {{ json_text('deals.custom_fields', 'fields.amount') }} as field_amount,
    {{ json_text('deals.custom_fields', 'fields.currency_code') }} as field_currency_code,
    {{ json_text('deals.custom_fields', 'fields.product') }} as field_product,
    {{ json_text('deals.custom_fields', 'fields.paid_amount') }} as field_paid_amount,
    {{ json_text('deals.custom_fields', 'fields.first_contact_seconds') }}
        as field_first_contact_seconds
from deals
left join fields on deals.source_name = fields.source_name
left join removed
    on deals.source_name = removed.source_name and deals.deal_id = removed.entity_id
where removed.entity_id is null
