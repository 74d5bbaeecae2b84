{# Deal → customer of the chats: the contact's messenger, else the contact's phone. #}
with

deals as (

    select * from {{ ref('int_deals__tabular') }}

),

contacts as (

    select * from {{ ref('stg_tabular__contacts') }}

),

identities as (

    select
        author_source_id,
        min(customer_key) as customer_key
    from {{ ref('int_known_customers') }}
    group by author_source_id

),

-- A phone on several CRM contacts is shared (a family, an office): it links nobody.
private_phones as (

    select
        source_name,
        phone_id,
        min(contact_id) as contact_id
    from contacts
    where phone_id is not null
    group by source_name, phone_id
    having count(distinct contact_id) = 1

),

phone_customers as (

    select
        phone_id,
        min(customer_key) as customer_key
    from {{ ref('int_known_customers') }}
    where phone_id is not null
    group by phone_id

)

select
    deals.deal_key,
    coalesce(identities.customer_key, phone_customers.customer_key) as customer_key,
    case
        when identities.customer_key is not null then 'messenger'
        when phone_customers.customer_key is not null then 'phone'
    end as link_type
from deals
left join contacts
    on deals.source_slug = contacts.source_name and deals.contact_id = contacts.contact_id
left join identities on contacts.messenger_id = identities.author_source_id
left join private_phones
    on
        contacts.source_name = private_phones.source_name
        and contacts.contact_id = private_phones.contact_id
left join phone_customers on private_phones.phone_id = phone_customers.phone_id
