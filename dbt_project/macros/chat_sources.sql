{# Sources of messages; each has a dataset `raw_<slug>` and models of its own up to the contract. #}
{% macro chat_sources() -%}
    {{ return(['telegram_export', 'whatsapp_export', 'tabular']) }}
{%- endmacro %}
