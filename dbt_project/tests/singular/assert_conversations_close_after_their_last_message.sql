{# A conversation closes no earlier than its dialogue ends; only a courtesy tail may come later. #}
with

last_messages as (

    select
        messages.conversation_key,
        max(messages.sent_at) as last_sent_at
    from {{ ref('fct_messages') }} as messages
    inner join {{ ref('int_conversation_events') }} as events
        on messages.message_key = events.message_key
    where
        messages.conversation_key is not null
        and events.kind in {{ kinds(['customer', 'courtesy', 'agent', 'bot']) }}
        and not events.is_after_close
    group by messages.conversation_key

)

select
    conversations.conversation_key,
    conversations.closed_at,
    last_messages.last_sent_at
from {{ ref('fct_conversations') }} as conversations
inner join last_messages on conversations.conversation_key = last_messages.conversation_key
where
    conversations.closed_at < last_messages.last_sent_at
    or conversations.closed_at > {{ as_of() }}
