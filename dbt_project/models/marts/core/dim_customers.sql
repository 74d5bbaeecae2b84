with

identities as (

    select * from {{ ref('int_customer_identities') }}

),

messages as (

    select
        authors.customer_key,
        min(messages.sent_at) as first_message_at,
        max(messages.sent_at) as last_message_at,
        count(*) as message_count
    from {{ ref('int_messages__unioned') }} as messages
    inner join {{ ref('int_events') }} as events on messages.message_num = events.message_num
    inner join {{ ref('int_authors') }} as authors on events.author_num = authors.author_num
    where authors.customer_key is not null and messages.event_type = 'message'
    group by authors.customer_key

)

select
    identities.customer_key,
    concat('Customer ', substr(identities.customer_key, 1, 6)) as customer_label,
    count(*) as identity_count,
    max(case when identities.phone_id is not null then 1 else 0 end) = 1 as has_phone,
    min(messages.first_message_at) as first_message_at,
    min({{ local_date('messages.first_message_at') }}) as first_message_local_date,
    max(messages.last_message_at) as last_message_at,
    max(messages.message_count) as message_count
from identities
inner join messages on identities.customer_key = messages.customer_key
group by identities.customer_key
