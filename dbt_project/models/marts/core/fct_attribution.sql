{% set amounts = ['net_amount', 'company_net_amount'] -%}
{#
    The net money of each deal, shared among the conversations that began before its payment, in
    every model. Shares are whole cents: each conversation gets the cents that are wholly its own,
    and those that are left over go one by one to the largest remainders, of equal ones to the later
    conversation. So the money of a deal is given away to the cent.
#}
with

touches as (

    select
        deal_key,
        conversation_key,
        seconds_to_deal,
        row_number() over (
            partition by deal_key
            order by is_last_touch desc, seconds_to_deal asc, conversation_key asc
        ) as touch_rank,
        count(*) over (partition by deal_key) as touch_count
    from {{ ref('bridge_conversation_deals') }}
    -- A conversation after the payment did not lead to it.
    where coalesce(seconds_to_payment >= 0, true)

),

weighed as (

    {% for model in attribution_models() -%}
    select
        deal_key,
        conversation_key,
        touch_rank,
        '{{ model }}' as attribution_model,
        {{ touch_weight(model, 'touch_rank', 'touch_count', 'seconds_to_deal') }} as weight
    from touches
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

totals as (

    select
        weighed.deal_key,
        weighed.conversation_key,
        weighed.touch_rank,
        weighed.attribution_model,
        weighed.weight,
        {% for amount in amounts -%}
        cast(round(abs(deals.{{ amount }}) * 100) as bigint) as {{ amount }}_cents,
        case when deals.{{ amount }} < 0 then -1 else 1 end as {{ amount }}_sign,
        {% endfor -%}
        deals.currency_code,
        cast(sum(weighed.weight) over (
            partition by weighed.deal_key, weighed.attribution_model
        ) as bigint) as total_weight
    from weighed
    inner join {{ ref('fct_deals') }} as deals on weighed.deal_key = deals.deal_key
    where weighed.weight > 0

),

-- In two steps, so that no product is larger than the cents or the square of a weight.
parted as (

    select
        {% for amount in amounts -%}
        {{ whole_quotient(amount ~ '_cents', 'total_weight') }} * weight
        + {{ whole_quotient('(' ~ amount ~ '_cents % total_weight) * weight', 'total_weight') }}
            as {{ amount }}_whole,
        (({{ amount }}_cents % total_weight) * weight) % total_weight as {{ amount }}_rest,
        {% endfor -%}
        *
    from totals

),

ranked as (

    select
        {% for amount in amounts -%}
        row_number() over (
            partition by deal_key, attribution_model
            order by {{ amount }}_rest desc, touch_rank asc
        ) as {{ amount }}_place,
        {{ amount }}_cents - sum({{ amount }}_whole) over (
            partition by deal_key, attribution_model
        ) as {{ amount }}_left_over,
        {% endfor -%}
        *
    from parted

),

rounded as (

    select
        {% for amount in amounts -%}
        cast(
            {{ amount }}_sign * (
                {{ amount }}_whole
                + case when {{ amount }}_place <= {{ amount }}_left_over then 1 else 0 end
            ) as decimal(20, 0)
        ) as {{ amount }}_part,
        {% endfor -%}
        *
    from ranked

)

select
    {{ key(['deal_key', 'conversation_key', 'attribution_model']) }} as attribution_key,
    deal_key,
    conversation_key,
    attribution_model,
    cast(weight as double) / total_weight as attributed_share,
    cast(net_amount_part * cast(0.01 as decimal(3, 2)) as decimal(38, 2)) as attributed_amount,
    currency_code,
    cast(company_net_amount_part * cast(0.01 as decimal(3, 2)) as decimal(38, 2))
        as company_attributed_amount
from rounded
