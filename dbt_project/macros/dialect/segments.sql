{#
    Joins the open segment in which a team's business clock reaches a reading (in microseconds): the
    last one that begins before it. DuckDB finds it by an as-of join, in one pass over both sides.
#}
{% macro join_segment_reached(alias, team, reading) -%}
    {{ return(adapter.dispatch('join_segment_reached')(alias, team, reading)) }}
{%- endmacro %}

{% macro duckdb__join_segment_reached(alias, team, reading) -%}
    asof join (
        select * from {{ ref('stg_otvet__business_calendar') }} where is_open
    ) as {{ alias }}
        on
            {{ team }} = {{ alias }}.team
            and {{ reading }} > {{ alias }}.open_seconds_before * 1000000
{%- endmacro %}

{% macro default__join_segment_reached(alias, team, reading) -%}
    inner join {{ ref('stg_otvet__business_calendar') }} as {{ alias }}
        on
            {{ team }} = {{ alias }}.team
            and {{ alias }}.is_open
            and {{ reading }} > {{ alias }}.open_seconds_before * 1000000
            and {{ reading }} <= {{ alias }}.open_seconds_before * 1000000
            + {{ micros(alias ~ '.segment_end_at') }} - {{ micros(alias ~ '.segment_start_at') }}
{%- endmacro %}
