{# A wait ends before the next one of its conversation begins: no customer waits twice at a time. #}
with

waits as (

    select
        conversation_key,
        reply_key,
        waiting_since_at,
        coalesce(replied_at, stopped_at) as ended_at,
        lead(waiting_since_at) over (
            partition by conversation_key
            order by waiting_since_at, coalesce(replied_at, stopped_at) nulls last, reply_key
        ) as next_waiting_since_at
    from {{ ref('fct_replies') }}

)

select
    conversation_key,
    reply_key
from waits
where next_waiting_since_at is not null and coalesce(ended_at > next_waiting_since_at, true)
