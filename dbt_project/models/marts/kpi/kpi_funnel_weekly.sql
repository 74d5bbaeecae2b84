{#
    The funnel of the conversations of a week and channel whose purchase window has passed: how many
    reached each stage, how many went no further, and how long it took. A deal shows that the customer
    reacted, by whatever way. Stages of which no source tells anything are null.
#}
{% set stages = {
    'replied': ['reply', 'is_replied'],
    'reacted': ['reaction', 'is_replied and (seconds_to_reaction is not null or is_lead)'],
    'lead': ['lead', 'is_lead'],
    'payment_link': ['payment_link', 'is_lead and seconds_to_payment_link is not null'],
    'payment_page': ['payment_page', 'is_lead and seconds_to_payment_page is not null'],
    'purchase': ['purchase', 'is_purchase'],
    'repeat_purchase': [
        'repeat_purchase', 'is_purchase and seconds_to_repeat_purchase is not null'
    ],
} -%}
{% set unknown_stages = ['payment_link', 'payment_page'] -%}
{% set left_after = ['first_message', 'reply', 'reaction', 'lead', 'payment_link'] -%}
with

conversations as (

    select
        *,
        {{ week_of('started_local_date') }} as metric_week,
        coalesce(is_answered, false) as is_replied,
        coalesce(is_answered, false) and has_lead_in_window as is_lead,
        coalesce(is_answered, false) and has_lead_in_window and has_purchase_in_window
            as is_purchase
    from {{ ref('fct_conversations') }}
    where funnel_stage is not null and is_purchase_window_mature

),

weeks as (

    select
        metric_week,
        channel_key,
        source_slug,
        {% for name, (column, condition) in stages.items() -%}
        sum(case when {{ condition }} then 1{{ ' else 0' if name not in unknown_stages }} end)
            as {{ name }},
        percentile_cont(0.5) within group (
            order by case when {{ condition }} then seconds_to_{{ column }} end
        ) as {{ column }}_seconds_p50,
        {% endfor -%}
        {% for stage in left_after -%}
        sum(case when funnel_stage = '{{ stage }}' then 1 else 0 end) as lost_after_{{ stage }},
        {% endfor -%}
        count(*) as conversations
    from conversations
    group by metric_week, channel_key, source_slug

)

select
    {{ key(['metric_week', 'channel_key']) }} as funnel_weekly_key,
    metric_week,
    channel_key,
    source_slug,
    {% for name, (column, condition) in stages.items() -%}
    cast({{ name }} as bigint) as {{ name }},
    {{ column }}_seconds_p50,
    {% endfor -%}
    {% for stage in left_after -%}
    cast(lost_after_{{ stage }} as bigint) as lost_after_{{ stage }},
    {% endfor -%}
    conversations
from weeks
