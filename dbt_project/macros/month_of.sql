{# First day of the month of a date. #}
{% macro month_of(date_column) -%}
    cast(date_trunc('month', {{ date_column }}) as date)
{%- endmacro %}

{# Monday of the week of a date. #}
{% macro week_of(date_column) -%}
    cast(date_trunc('week', {{ date_column }}) as date)
{%- endmacro %}
