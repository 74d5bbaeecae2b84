{#
    A number of a raw message to join by, unique over all sources and the same in all models of one
    build: nobody writes raw tables meanwhile, so the place of a row in its table does not change.
#}
{% macro message_num(alias, slug) -%}
    {{ return(adapter.dispatch('message_num')(alias, slug)) }}
{%- endmacro %}
{% macro default__message_num(alias, slug) -%}
    {{ alias }}.rowid * {{ chat_sources() | length }} + {{ chat_sources().index(slug) }}
{%- endmacro %}
{% macro spark__message_num(alias, slug) -%}
    xxhash64('{{ slug }}', {{ alias }}.row_key)
{%- endmacro %}

{# One row per element of a JSON list of texts, in the select list of a query. #}
{% macro each_of(json_list) -%}
    {{ return(adapter.dispatch('each_of')(json_list)) }}
{%- endmacro %}
{% macro default__each_of(json_list) -%}
    unnest(cast(cast({{ json_list }} as json) as varchar[]))
{%- endmacro %}
{% macro spark__each_of(json_list) -%} explode(from_json({{ json_list }}, 'array<string>')) {%- endmacro %}

{#
    Behind `with … as`: the rows are made once however often they are read. Without it DuckDB plans a
    chain of such tables again for each reader, and the time doubles with each link.
#}
{% macro computed_once() -%}
    {{ return(adapter.dispatch('computed_once')()) }}
{%- endmacro %}
{% macro default__computed_once() -%} materialized {% endmacro %}
{% macro spark__computed_once() -%}{%- endmacro %}
