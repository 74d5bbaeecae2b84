{#
    Incremental builds (docs/ARCHITECTURE.md): a build re-enters the threads that something touched
    since the last complete one, and keeps the rows of all others. The pipeline says which kind of
    build it is; without it every build is a full one.
#}

{# True where the kept tables are those of the last complete build, by the same code and rules. #}
{% macro is_increment() -%}
    {%- set said = env_var('OTVET_BUILD_MODE', 'full') == 'increment' -%}
    {{ return(var('is_increment', said) and not flags.FULL_REFRESH) }}
{%- endmacro %}

{# A table as an earlier build left it. By name: it is built further down, so no ref leads there. #}
{% macro kept(schema, name) -%}
    {{ return(api.Relation.create(database=target.database, schema=schema, identifier=name)) }}
{%- endmacro %}

{#
    Incremental strategy of tables that hold rows of threads: the rows of all touched threads go, also
    of those that have none any more, and the rows of this build come. Where a unique key is given,
    rows of other threads may come too, in the place of those that they change.
#}
{% macro get_incremental_by_thread_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    {%- set unique_key = arguments['unique_key'] -%}
    delete from {{ arguments['target_relation'] }}
    where
        thread_key in (select thread_key from {{ kept('intermediate', 'int_touched_threads') }})
        {%- if unique_key %}
        or {{ unique_key }} in (select {{ unique_key }} from {{ arguments['temp_relation'] }})
        {%- endif %};

    insert into {{ arguments['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arguments['temp_relation'] }}
{%- endmacro %}
