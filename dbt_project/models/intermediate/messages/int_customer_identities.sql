{#
    Customers behind the authors of chats. Deterministic: authors whose contact cards carry the same
    phone are one customer; without a card each author is a customer of its own source.
#}
with

-- distinct: an author has one row per message
authors as (

    select distinct
        source_slug,
        author_source_id
    from {{ ref('int_messages__unioned') }}
    where author_type = 'customer' and author_source_id is not null

),

phones as (

    select * from {{ ref('int_messenger_phones') }}

)

select
    authors.source_slug,
    authors.author_source_id,
    phones.phone_id,
    case
        when phones.phone_id is not null then {{ key(["'phone'", 'phones.phone_id']) }}
        else {{ key(['authors.source_slug', 'authors.author_source_id']) }}
    end as customer_key
from authors
left join phones on authors.author_source_id = phones.messenger_id
