{# Instants and durations. All durations are whole elapsed seconds, never boundary counts. #}

{% macro micros(timestamp) -%}
    {{ return(adapter.dispatch('micros')(timestamp)) }}
{%- endmacro %}
{% macro default__micros(timestamp) -%} epoch_us({{ timestamp }}) {%- endmacro %}
{% macro spark__micros(timestamp) -%} unix_micros({{ timestamp }}) {%- endmacro %}

{% macro from_micros(micros) -%}
    {{ return(adapter.dispatch('from_micros')(micros)) }}
{%- endmacro %}
{% macro default__from_micros(micros) -%} make_timestamptz({{ micros }}) {%- endmacro %}
{% macro spark__from_micros(micros) -%} timestamp_micros({{ micros }}) {%- endmacro %}

{% macro seconds_between(earlier, later) -%}
    cast(floor(({{ micros(later) }} - {{ micros(earlier) }}) / 1000000.0) as bigint)
{%- endmacro %}

{% macro add_seconds(timestamp, seconds) -%}
    {{ from_micros(micros(timestamp) ~ ' + cast(' ~ seconds ~ ' as bigint) * 1000000') }}
{%- endmacro %}

{#
    The moment that stands for "now", ISO 8601. It moves from build to build: as an environment
    variable it has dbt parse only the models anew that read it, as a variable of dbt all of them.
#}
{% macro as_of_text() -%}
    {{ return(var('as_of', env_var('OTVET_BUILD_AS_OF', '2025-06-01T00:00:00+00:00'))) }}
{%- endmacro %}

{% macro as_of() -%}
    cast('{{ as_of_text() }}' as {{ timestamp_type() }})
{%- endmacro %}

{% macro timestamp_type() -%}
    {{ return(adapter.dispatch('timestamp_type')()) }}
{%- endmacro %}
{% macro default__timestamp_type() -%} timestamptz {%- endmacro %}
{% macro spark__timestamp_type() -%} timestamp {%- endmacro %}

{% macro utc_date(timestamp) -%}
    {{ return(adapter.dispatch('utc_date')(timestamp)) }}
{%- endmacro %}
{% macro default__utc_date(timestamp) -%}
    cast(timezone('UTC', {{ timestamp }}) as date)
{%- endmacro %}
{% macro spark__utc_date(timestamp) -%} to_date({{ timestamp }}) {%- endmacro %}

{% macro local_timestamp(timestamp, zone) -%}
    {{ return(adapter.dispatch('local_timestamp')(timestamp, zone)) }}
{%- endmacro %}
{% macro default__local_timestamp(timestamp, zone) -%}
    timezone('{{ zone }}', {{ timestamp }})
{%- endmacro %}
{% macro spark__local_timestamp(timestamp, zone) -%}
    from_utc_timestamp({{ timestamp }}, '{{ zone }}')
{%- endmacro %}

{% macro local_date(timestamp) -%}
    cast({{ local_timestamp(timestamp, var('company_time_zone')) }} as date)
{%- endmacro %}

{% macro local_hour(timestamp) -%}
    cast(extract(hour from {{ local_timestamp(timestamp, var('company_time_zone')) }}) as integer)
{%- endmacro %}

{# Counted from a known Monday: engines disagree on the number of a weekday. #}
{% macro iso_weekday(day) -%}
    cast({{ days_between("date '1970-01-05'", day) }} % 7 + 1 as integer)
{%- endmacro %}

{% macro days_between(earlier, later) -%}
    {{ return(adapter.dispatch('days_between')(earlier, later)) }}
{%- endmacro %}
{% macro default__days_between(earlier, later) -%} ({{ later }} - {{ earlier }}) {%- endmacro %}
{% macro spark__days_between(earlier, later) -%} datediff({{ later }}, {{ earlier }}) {%- endmacro %}

{% macro date_spine(first_date, last_date) -%}
    {{ return(adapter.dispatch('date_spine_rows')(first_date, last_date)) }}
{%- endmacro %}
{% macro default__date_spine_rows(first_date, last_date) -%}
    select cast(day as date) as date_day
    from (
        select unnest(generate_series(
            cast({{ first_date }} as timestamp),
            cast({{ last_date }} as timestamp),
            interval 1 day
        )) as day
    )
{%- endmacro %}
{% macro spark__date_spine_rows(first_date, last_date) -%}
    select explode(sequence({{ first_date }}, {{ last_date }}, interval 1 day)) as date_day
{%- endmacro %}
