{# What was not taken: rows that could not be loaded, and values of deals that are no numbers. #}
with

refused as (

    select
        source_slug,
        resource,
        file_key,
        row_reference,
        reason,
        remedy
    from {{ ref('stg_otvet__rejected_rows') }}

    union all

    select
        source_slug,
        resource,
        crm as file_key,
        concat(resource, ' ', deal_id) as row_reference,
        concat(role, ': «', custom_field, '» holds no clear number («', shape, '»)') as reason,
        'Correct the field in the CRM, or name another one in otvet.toml' as remedy
    from {{ ref('int_unread_deal_fields') }}

)

select
    source_slug,
    resource,
    file_key,
    row_reference,
    reason,
    remedy,
    count(*) as row_count
from refused
group by source_slug, resource, file_key, row_reference, reason, remedy
