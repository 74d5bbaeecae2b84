{# The phone on the contact card of a messenger's user. #}
with

cards as (

    {% for name in chat_sources() -%}
    select
        messenger_id,
        phone_id
    from {{ ref('stg_' ~ name ~ '__contacts') }}
    where messenger_id is not null and phone_id is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

-- One phone per messenger id; the smallest, so that the choice does not depend on load order.
select
    messenger_id,
    min(phone_id) as phone_id
from cards
group by messenger_id
