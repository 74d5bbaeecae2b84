{# What otvet.toml may name a custom field of deals for. #}
{% macro field_roles() -%}
    {{ return(
        ['amount', 'currency_code', 'product', 'lost_reason', 'paid_amount', 'first_contact_seconds']
    ) }}
{%- endmacro %}

{# Those among them that are numbers; people may have typed these into a field of text. #}
{% macro number_roles() -%}
    {{ return(['amount', 'paid_amount', 'first_contact_seconds']) }}
{%- endmacro %}

{#
    CTEs up to `valued`: the deals of a CRM that are there, with a column `field_<role>` for each role,
    null where no field is configured or it is empty. Of a number there is `<role>_text` too: what
    stands in the field. `<role>_field` is the name of the field within `custom_fields`, and
    `amount_currency_code` the currency of the amount's own field.

    Args:
        table: of deals; `id` is the name of their id.
        entity: what the table of removals calls a deal.
        definitions: table of the custom fields' definitions.
        of_deals: condition on `definitions` that leaves the fields of deals.
        field: their name within `custom_fields`.
        called: by which of their columns otvet.toml may call them.
#}
{% macro deals_with_fields(schema, table, id, entity, definitions, of_deals, field, called) -%}
removed as (

    select
        source_name,
        entity_id
    from {{ source(schema, 'removals') }}
    where entity_type = '{{ entity }}' and is_removed

),

there as (

    select deals.*
    from {{ source(schema, table) }} as deals
    left join removed
        on deals.source_name = removed.source_name and deals.{{ id }} = removed.entity_id
    where removed.entity_id is null

),

-- All are read each time: a field that was not read last is gone, and another may have its name.
definitions as (

    select
        definitions.*,
        max(definitions._dlt_load_id) over (partition by definitions.source_name) as last_load_id
    from {{ source(schema, definitions) }} as definitions
    where {{ of_deals }}

),

named_fields as (

    select
        configured.source_name,
        configured.role,
        min(cast(definitions.{{ field }} as {{ dbt.type_string() }})) as field
    from {{ source('raw_otvet', 'crm_fields') }} as configured
    inner join definitions
        on
            configured.source_name = definitions.source_name
            and definitions._dlt_load_id is not distinct from definitions.last_load_id
            and configured.custom_field in (
                {% for name in called -%}
                cast(definitions.{{ name }} as {{ dbt.type_string() }}){{ ', ' if not loop.last }}
                {%- endfor %}
            )
    group by configured.source_name, configured.role

),

fields as (

    select
        source_name,
        {% for role in field_roles() -%}
        max(case when role = '{{ role }}' then field end) as {{ role }}_field
        {{- ',' if not loop.last }}
        {% endfor %}
    from named_fields
    group by source_name

),

texts as (

    select
        there.*,
        {% for role in field_roles() -%}
        fields.{{ role }}_field,
        nullif(
            trim({{ json_text('there.custom_fields', 'fields.' ~ role ~ '_field') }}), ''
        ) as {{ role ~ '_text' if role in number_roles() else 'field_' ~ role }}
        {{- ',' if not loop.last }}
        {% endfor %},
        -- Where an amount's field has a currency of its own, it stands beside the amount.
        nullif(
            trim({{ json_text('there.custom_fields', "concat(fields.amount_field, ':currency')") }}),
            ''
        ) as amount_currency_code
    from there
    left join fields on there.source_name = fields.source_name

),

plain as (

    select
        texts.*,
        {% for role in number_roles() -%}
        {{ plain_number(role ~ '_text') }} as {{ role }}_plain{{ ',' if not loop.last }}
        {% endfor %}
    from texts

),

valued as (

    select
        plain.*,
        {% for role in number_roles() -%}
        {{ read_number(role ~ '_plain') }} as field_{{ role }}{{ ',' if not loop.last }}
        {% endfor %}
    from plain

)
{%- endmacro %}
