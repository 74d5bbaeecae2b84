{#
    Money in the company's currency, by the rate of a day. Without a rate it is null: neither 0 nor
    the bare number, which would add up to nonsense.
#}

{# Join the rate of a currency on a day, null where there is none. #}
{% macro join_rate(alias, currency, day) -%}
    left join {{ ref('stg_otvet__exchange_rates') }} as {{ alias }}
        on
            {{ currency }} = {{ alias }}.currency_code
            and {{ day }} >= {{ alias }}.valid_from
            and ({{ day }} < {{ alias }}.valid_to or {{ alias }}.valid_to is null)
{%- endmacro %}

{# An amount by the rate that was joined, to the cent. #}
{% macro in_company_currency(amount, currency, rate) -%}
    case
        when {{ currency }} = '{{ var("default_currency") }}' 
            then cast({{ amount }} as decimal(38, 2))
        else cast(round({{ amount }} * {{ rate }}.rate, 2) as decimal(38, 2))
    end
{%- endmacro %}
