{#
    How the people of a CRM are reached: each point of its cards that are there. `entity` is what its
    removals call a card.
#}
{% macro points_of_contacts(schema, entity) -%}
with

contacts as (

    select contacts.*
    from {{ source(schema, 'contacts') }} as contacts
    left join {{ source(schema, 'removals') }} as removals
        on
            contacts.source_name = removals.source_name
            and contacts.contact_id = removals.entity_id
            and removals.entity_type = '{{ entity }}'
            and removals.is_removed
    where removals.entity_id is null

),

points as (

    {% for point_type, column in [
        ('phone', 'phone_ids'), ('email', 'email_ids'), ('messenger', 'messenger_ids'),
    ] -%}
    select
        source_name,
        contact_id,
        updated_at,
        '{{ point_type }}' as point_type,
        {{ each_of(column) }} as point_id
    from contacts
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select distinct
    source_name as source_slug,
    cast(contact_id as {{ dbt.type_string() }}) as contact_id,
    {{ key(['source_name', 'contact_id']) }} as contact_key,
    point_type,
    point_id,
    updated_at
from points
{%- endmacro %}
