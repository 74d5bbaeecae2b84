{# Sources of messages; each has a dataset `raw_<slug>` and models of its own up to the contract. #}
{% macro chat_sources() -%}
    {{ return(['telegram_export', 'whatsapp_export', 'tabular', 'bitrix24']) }}
{%- endmacro %}

{#
    Whether a source of messages is asked again and again for the same ones. It does not say when one
    was edited: what was loaded last is right. Files may be loaded in any order instead.
#}
{% macro is_polled(slug) -%}
    {{ return(slug in ['bitrix24']) }}
{%- endmacro %}

{# Sources of deals; each has models of its own up to the contracts of `models/intermediate/deals`. #}
{% macro crm_sources() -%}
    {{ return(['tabular', 'amocrm', 'bitrix24', 'hubspot']) }}
{%- endmacro %}

{#
    The rows that CRMs bring to a contract: one model per CRM, the same columns in each. `crms` names
    them where not all have something for it.
#}
{% macro union_of_crms(contract, columns, crms=none) -%}
{% for name in crms or crm_sources() -%}
select
    {{ columns | join(',\n    ') }}
from {{ ref(contract ~ '__' ~ name) }}
{{ 'union all' if not loop.last }}
{% endfor %}
{%- endmacro %}
