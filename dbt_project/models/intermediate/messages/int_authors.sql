{#
    Who the authors of messages are as persons of the marts: an agent key or a customer key. One row
    per distinct author, so that keys are made once a person and not once a message.

    Customers are told apart by identity resolution (`enrich`); whom no contact card joins to anybody
    is a customer of its own source.
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

),

members as (

    select * from {{ ref('identity_members') }}
    where party_type = 'account'

),

known as (

    select
        authors.*,
        authors.author_type = 'customer' and authors.author_source_id is not null
            as is_known_customer,
        members.person_key,
        case when authors.author_type = 'customer' then members.phone_id end as phone_id
    from authors
    left join members on authors.author_source_id = members.party_id

),

keyed as (

    select
        cast(row_number() over (
            order by
                known.source_slug,
                known.author_type,
                known.author_source_id nulls first,
                known.staff_id nulls first
        ) as integer) as author_num,
        known.source_slug,
        known.author_type,
        known.author_source_id,
        known.staff_id,
        known.phone_id,
        {{ agent_key('known') }} as agent_key,
        case
            when known.is_known_customer
                then
                    coalesce(
                        known.person_key,
                        {{ key(['known.source_slug', 'known.author_source_id']) }}
                    )
        end as customer_key
    from known

)

select
    *,
    -- An agent may write from several accounts; this is one of their numbers.
    case when agent_key is not null then min(author_num) over (partition by agent_key) end
        as agent_num
from keyed
