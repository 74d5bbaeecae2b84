{# A conversation closes no earlier than its dialogue ends; only a courtesy tail may come later. #}
with

last_messages as (

    select
        keys.conversation_key,
        {{ from_micros('max(events.sent_micros)') }} as last_sent_at
    from {{ ref('int_conversation_events') }} as events
    inner join {{ ref('int_conversation_keys') }} as keys
        using (thread_num, stream_no, conversation_no)
    where
        events.kind in {{ kinds(['customer', 'courtesy', 'agent', 'bot']) }}
        and not events.is_after_close
    group by keys.conversation_key

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
