{#
    Who the authors of messages are as persons of the marts: an agent key or a customer key. One row
    per distinct author, so that keys are made once a person and not once a message.
#}
with

-- distinct: an author has one row per message
authors as (

    select distinct
        source_slug,
        author_type,
        author_source_id,
        staff_id
    from {{ ref('int_messages__unioned') }}
    where author_type in ('agent', 'customer')

),

customers as (

    select * from {{ ref('int_customer_identities') }}

)

select
    cast(row_number() over (
        order by
            authors.source_slug,
            authors.author_type,
            authors.author_source_id nulls first,
            authors.staff_id nulls first
    ) as integer) as author_num,
    authors.source_slug,
    authors.author_type,
    authors.author_source_id,
    authors.staff_id,
    {{ agent_key('authors') }} as agent_key,
    case when authors.author_type = 'customer' then customers.customer_key end as customer_key
from authors
left join customers
    on
        authors.source_slug = customers.source_slug
        and authors.author_source_id = customers.author_source_id
