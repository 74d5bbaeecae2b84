{{ config(materialized='view') }}
{#
    Custom fields of deals that hold something else than the number that otvet.toml says they hold. A
    value may name a person, so only its shape is told.
#}
with

unread as (

    {% for crm, table, id in [
        ('amocrm', 'leads', 'lead_id'), ('bitrix24', 'deals', 'deal_id'),
        ('hubspot', 'deals', 'deal_id'),
    ] -%}
    {% set crm_number = loop -%}
    {% for role in number_roles() -%}
    select
        source_name,
        '{{ crm }}' as crm,
        '{{ table }}' as resource,
        cast({{ id }} as {{ dbt.type_string() }}) as deal_id,
        '{{ role }}' as role,
        {{ shape_of(role ~ '_text') }} as shape
    from {{ ref('stg_' ~ crm ~ '__' ~ table) }}
    where {{ role }}_text is not null and field_{{ role }} is null
    {{ 'union all' if not (loop.last and crm_number.last) }}
    {% endfor %}
    {%- endfor %}

),

configured as (

    select * from {{ source('raw_otvet', 'crm_fields') }}

)

select
    unread.source_name as source_slug,
    unread.crm,
    unread.resource,
    unread.deal_id,
    unread.role,
    configured.custom_field,
    unread.shape
from unread
inner join configured
    on unread.source_name = configured.source_name and unread.role = configured.role
