{# Deal → customer of the chats: the contact's messenger, else the contact's phone. #}
with

deals as (

    select * from {{ ref('int_deals__unioned') }}

),

points as (

    select * from {{ ref('int_contact_points__unioned') }}

),

known as (

    select * from {{ ref('int_known_customers') }}

),

identities as (

    select
        points.source_slug,
        points.contact_id,
        min(known.customer_key) as customer_key
    from points
    inner join known on points.point_id = known.author_source_id
    where points.point_type = 'messenger'
    group by points.source_slug, points.contact_id

),

-- A phone on several CRM contacts is shared (a family, an office): it links nobody.
private_phones as (

    select
        source_slug,
        point_id,
        min(contact_id) as contact_id
    from points
    where point_type = 'phone'
    group by source_slug, point_id
    having count(distinct contact_id) = 1

),

phone_customers as (

    select
        private_phones.source_slug,
        private_phones.contact_id,
        min(known.customer_key) as customer_key
    from private_phones
    inner join known on private_phones.point_id = known.phone_id
    group by private_phones.source_slug, private_phones.contact_id

)

select
    deals.deal_key,
    coalesce(identities.customer_key, phone_customers.customer_key) as customer_key,
    case
        when identities.customer_key is not null then 'messenger'
        when phone_customers.customer_key is not null then 'phone'
    end as link_type
from deals
left join identities
    on deals.source_slug = identities.source_slug and deals.contact_id = identities.contact_id
left join phone_customers
    on
        deals.source_slug = phone_customers.source_slug
        and deals.contact_id = phone_customers.contact_id
