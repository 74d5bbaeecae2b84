{#
    Deal → customer of the chats: the person of its contact's card. `link_type` is what on the card
    says so: the account that wrote, else what else joins the card to one that did.
#}
with

deals as (

    select * from {{ ref('int_deals__unioned') }}

),

members as (

    select * from {{ ref('identity_members') }}
    where party_type = 'contact' and person_key is not null

),

links as (

    select * from {{ ref('identity_links') }}
    where decision = 'joined'

),

known as (

    select * from {{ ref('int_known_customers') }}

),

customers as (

    select customer_key
    from known
    group by customer_key

),

accounts as (

    select author_source_id
    from known
    group by author_source_id

),

-- The first in this order of all that joins the card to its person.
evidence as (

    select
        links.party_id,
        min(
            case
                when accounts.author_source_id is not null then 1
                when links.point_type = 'phone' then 2
                when links.point_type = 'email' then 3
                else 4
            end
        ) as place
    from links
    left join accounts
        on links.point_type = 'messenger' and links.point_id = accounts.author_source_id
    group by links.party_id

)

select
    deals.deal_key,
    customers.customer_key,
    case
        when customers.customer_key is null then null
        when evidence.place = 1 then 'messenger'
        when evidence.place = 2 then 'phone'
        when evidence.place = 3 then 'email'
        else 'person'
    end as link_type
from deals
left join members
    on members.party_id = {{ contact_party('deals.source_slug', 'deals.contact_id') }}
left join customers on members.person_key = customers.customer_key
left join evidence on members.party_id = evidence.party_id
