{# The phone on the contact card of a messenger's user, in the messenger or in a CRM. #}
with

points as (

    select * from {{ ref('int_contact_points__unioned') }}

),

cards as (

    {% for name in chat_sources() -%}
    select
        messenger_id,
        phone_id
    from {{ ref('stg_' ~ name ~ '__contacts') }}
    where messenger_id is not null and phone_id is not null

    union all

    {% endfor -%}
    select
        messengers.point_id as messenger_id,
        phones.point_id as phone_id
    from points as messengers
    inner join points as phones
        on
            messengers.source_slug = phones.source_slug
            and messengers.contact_id = phones.contact_id
            and messengers.point_type = 'messenger'
            and phones.point_type = 'phone'

)

-- One phone per messenger id; the smallest, so that the choice does not depend on load order.
select
    messenger_id,
    min(phone_id) as phone_id
from cards
group by messenger_id
