{# Keys of the marts, each made in one place. Hashes, so the same whatever was loaded when. #}

{% macro message_key(alias, message_id=none) -%}
    {{ key([alias ~ '.source_slug', alias ~ '.thread_id', message_id or alias ~ '.message_id']) }}
{%- endmacro %}

{% macro thread_key(alias) -%}
    {{ key([alias ~ '.source_slug', alias ~ '.thread_id']) }}
{%- endmacro %}
