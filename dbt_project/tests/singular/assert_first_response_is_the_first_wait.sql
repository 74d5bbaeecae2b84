{#
    The first response of a conversation is the first row of its waits; in a conversation started by
    us, the first row that is marked as such, counted from the first question. No conversation has two.
#}
with

replies as (

    select
        *,
        min(waiting_since_at) over (partition by conversation_key) as first_waiting_since_at,
        sum(case when is_first_response then 1 else 0 end) over (partition by conversation_key)
            as first_response_count
    from {{ ref('fct_replies') }}

),

conversations as (

    select * from {{ ref('fct_conversations') }}

)

select
    conversations.conversation_key,
    conversations.initiated_by,
    conversations.first_response_at,
    replies.replied_at
from conversations
left join replies
    on conversations.conversation_key = replies.conversation_key and replies.is_first_response
where
    replies.first_response_count > 1
    or conversations.awaits_human <> (replies.reply_key is not null)
    or conversations.first_response_at is distinct from replies.replied_at
    or conversations.first_response_agent_key is distinct from replies.agent_key
    or conversations.waiting_since_at is distinct from replies.waiting_since_at
    or conversations.first_response_calendar_seconds is distinct from replies.reply_calendar_seconds
    or conversations.first_response_business_seconds is distinct from replies.reply_business_seconds
    or (
        conversations.initiated_by = 'customer'
        and replies.waiting_since_at > replies.first_waiting_since_at
    )
