{# The rules by which the money of a deal is shared among the conversations that led to it. #}
{% macro attribution_models() -%}
    {{ return(['last_touch', 'first_touch', 'linear', 'position_based', 'time_decay']) }}
{%- endmacro %}

{#
    What a conversation weighs in a model, in whole numbers, so that shares are exact. `touch_rank` 1
    is the latest of `touch_count`.
#}
{% macro touch_weight(model, touch_rank, touch_count, seconds_to_deal) -%}
    {%- if model == 'last_touch' -%}
    case when {{ touch_rank }} = 1 then 1 else 0 end
    {%- elif model == 'first_touch' -%}
    case when {{ touch_rank }} = {{ touch_count }} then 1 else 0 end
    {%- elif model == 'linear' -%}
    1
    {%- elif model == 'position_based' -%}
    case
        when {{ touch_count }} <= 2 then 1
        -- 40 % each of the ends, 20 % in all of those between, times their number.
        when {{ touch_rank }} in (1, {{ touch_count }}) then 40 * ({{ touch_count }} - 2)
        else 20
    end
    {%- else -%}
    cast(round(
        67108864 * power(
            0.5, {{ seconds_to_deal }} / {{ var('attribution_half_life_days') * 86400 }}.0
        )
    ) as bigint)
    {%- endif -%}
{%- endmacro %}
