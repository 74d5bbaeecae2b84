{# What a card of a CRM is called among the parties of identity resolution: `source/contact`. #}
{% macro contact_party(source_slug, contact_id) -%}
    concat({{ source_slug }}, '/', {{ contact_id }})
{%- endmacro %}
