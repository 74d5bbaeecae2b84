{# Who a message's author is as a person of the marts: an agent key or a customer key. #}
with

messages as (

    select * from {{ ref('int_messages__unioned') }}

),

customers as (

    select * from {{ ref('int_customer_identities') }}

)

select
    messages.message_key,
    case
        -- An agent whom nothing names is nobody's credit, but the message stays.
        when
            messages.author_type = 'agent'
            and coalesce(messages.staff_id, messages.author_source_id) is not null
            then {{ key(['coalesce(messages.staff_id, messages.source_slug)',
                         'coalesce(messages.staff_id, messages.author_source_id)']) }}
    end as agent_key,
    case when messages.author_type = 'customer' then customers.customer_key end as customer_key
from messages
left join customers
    on
        messages.source_slug = customers.source_slug
        and messages.author_source_id = customers.author_source_id
