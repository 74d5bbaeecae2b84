{#
    Tables and views made in place: the new one takes the place of the old one in one transaction, so
    readers and a killed build see either. dbt-duckdb builds beside, renames twice and drops, which is
    a third of what dbt itself takes per model; an increment of a day is a hundred models on few rows.
    No model has indexes, grants or comments in the database, so these are left out.
#}

{% materialization table, adapter='duckdb' %}
    {% set made = this.incorporate(type='table') %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement('main') -%}
        {{ drop_before(load_cached_relation(this)) }}
        {{ create_table_as(False, made, compiled_code) }}
    {%- endcall %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [made]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {% set made = this.incorporate(type='view') %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement('main') -%}
        {{ drop_before(load_cached_relation(this)) }}
        {{ get_create_view_as_sql(made, sql) }}
    {%- endcall %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [made]}) }}
{% endmaterialization %}

{% macro drop_before(relation) -%}
    {% if relation is not none -%}
        drop {{ relation.type }} if exists {{ relation }};
    {%- endif %}
{%- endmacro %}
