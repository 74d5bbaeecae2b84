{# Text functions whose names differ between engines. #}

{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches')(text, pattern)) }}
{%- endmacro %}
{% macro default__matches(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern | replace("'", "''") }}')
{%- endmacro %}
{% macro spark__matches(text, pattern) -%}
    {{ text }} rlike '{{ pattern | replace("\\", "\\\\") | replace("'", "\\'") }}'
{%- endmacro %}

{% macro replace_all(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('replace_all')(text, pattern, replacement)) }}
{%- endmacro %}
{% macro default__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}
{% macro spark__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern | replace("\\", "\\\\") }}', '{{ replacement }}')
{%- endmacro %}

{# Stable key of a tuple: the same on both engines; null differs from the empty string. #}
{% macro key(columns) -%}
    md5(concat_ws('|', {% for column in columns -%}
        coalesce(cast({{ column }} as {{ dbt.type_string() }}), '~'){{ ', ' if not loop.last }}
    {%- endfor %}))
{%- endmacro %}

{# A 64-bit number of a tuple, for grouping and joining wide keys; equal tuples, equal numbers. #}
{% macro hash_number(columns) -%}
    {{ return(adapter.dispatch('hash_number')(columns)) }}
{%- endmacro %}
{% macro default__hash_number(columns) -%} hash({{ columns | join(', ') }}) {%- endmacro %}
{% macro spark__hash_number(columns) -%} xxhash64({{ columns | join(', ') }}) {%- endmacro %}

{# Text of a field of a JSON object, whose name comes from a column; null where there is none. #}
{% macro json_text(object, field) -%}
    {{ return(adapter.dispatch('json_text')(object, field)) }}
{%- endmacro %}
{% macro default__json_text(object, field) -%}
    json_extract_string({{ object }}, '$."' || {{ field }} || '"')
{%- endmacro %}
{% macro spark__json_text(object, field) -%}
    get_json_object({{ object }}, '$[\'' || {{ field }} || '\']')
{%- endmacro %}
