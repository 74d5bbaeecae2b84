{# Deals that there are. A field of otvet.toml is found by the name, the code or the id of it. #}
with

leads as (

    select * from {{ source('raw_amocrm', 'leads') }}

),

removed as (

    select
        source_name,
        entity_id
    from {{ source('raw_amocrm', 'removals') }}
    where entity_type = 'lead' and is_removed

),

named_fields as (

    select
        configured.source_name,
        configured.role,
        min(cast(definitions.field_id as {{ dbt.type_string() }})) as field_id
    from {{ source('raw_otvet', 'crm_fields') }} as configured
    inner join {{ source('raw_amocrm', 'custom_fields') }} as definitions
        on
            configured.source_name = definitions.source_name
            and definitions.entity_type = 'leads'
            and configured.custom_field in (
                definitions.name,
                definitions.code,
                cast(definitions.field_id as {{ dbt.type_string() }})
            )
    group by configured.source_name, configured.role

),

fields as (

    select
        source_name,
        max(case when role = 'amount' then field_id end) as amount,
        max(case when role = 'currency_code' then field_id end) as currency_code,
        max(case when role = 'product' then field_id end) as product,
        max(case when role = 'paid_amount' then field_id end) as paid_amount,
        max(case when role = 'first_contact_seconds' then field_id end) as first_contact_seconds
    from named_fields
    group by source_name

)

select
    leads.*,
    {{ json_text('leads.custom_fields', 'fields.amount') }} as field_amount,
    {{ json_text('leads.custom_fields', 'fields.currency_code') }} as field_currency_code,
    {{ json_text('leads.custom_fields', 'fields.product') }} as field_product,
    {{ json_text('leads.custom_fields', 'fields.paid_amount') }} as field_paid_amount,
    {{ json_text('leads.custom_fields', 'fields.first_contact_seconds') }}
        as field_first_contact_seconds
from leads
left join fields on leads.source_name = fields.source_name
left join removed
    on leads.source_name = removed.source_name and leads.lead_id = removed.entity_id
where removed.entity_id is null
