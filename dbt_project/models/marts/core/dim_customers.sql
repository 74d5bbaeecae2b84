with

identities as (

    select
        customer_key,
        count(*) as identity_count,
        max(case when phone_id is not null then 1 else 0 end) = 1 as has_phone
    from {{ ref('int_known_customers') }}
    group by customer_key

),

messages as (

    select
        customer_key,
        min(first_message_at) as first_message_at,
        max(last_message_at) as last_message_at,
        cast(sum(message_count) as bigint) as message_count
    from {{ ref('int_known_authors') }}
    where customer_key is not null and message_count > 0
    group by customer_key

)

select
    identities.customer_key,
    concat('Customer ', substr(identities.customer_key, 1, 6)) as customer_label,
    identities.identity_count,
    identities.has_phone,
    messages.first_message_at,
    {{ local_date('messages.first_message_at') }} as first_message_local_date,
    messages.last_message_at,
    messages.message_count
from identities
inner join messages on identities.customer_key = messages.customer_key
