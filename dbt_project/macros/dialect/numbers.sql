{# Numbers. #}

{# Whole part of a quotient of whole numbers that are not negative. #}
{% macro whole_quotient(dividend, divisor) -%}
    {{ return(adapter.dispatch('whole_quotient')(dividend, divisor)) }}
{%- endmacro %}
{% macro default__whole_quotient(dividend, divisor) -%}
    (({{ dividend }}) // ({{ divisor }}))
{%- endmacro %}
{% macro spark__whole_quotient(dividend, divisor) -%}
    (({{ dividend }}) div ({{ divisor }}))
{%- endmacro %}

{# An amount of money of a text; null where it is none or too large. #}
{% macro try_amount(text) -%} try_cast({{ text }} as decimal(18, 2)) {%- endmacro %}
