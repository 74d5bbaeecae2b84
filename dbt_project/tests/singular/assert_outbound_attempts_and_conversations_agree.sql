{#
    Each conversation started by us is one answered attempt; no message of ours is in an attempt and in a
    conversation.
#}
with

attempts as (

    select conversation_key
    from {{ ref('fct_outbound_attempts') }}
    where is_replied

),

conversations as (

    select conversation_key
    from {{ ref('fct_conversations') }}
    where initiated_by = 'us'

)

select
    attempts.conversation_key as attempt_conversation_key,
    conversations.conversation_key
from attempts
full outer join conversations on attempts.conversation_key = conversations.conversation_key
where attempts.conversation_key is null or conversations.conversation_key is null

union all

select
    message_key as attempt_conversation_key,
    conversation_key
from {{ ref('fct_messages') }}
where is_unanswered_outbound and conversation_key is not null
