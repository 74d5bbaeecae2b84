{# A reply belongs to the agent who wrote it, in the same conversation, after its wait began. #}
select
    replies.reply_key,
    replies.agent_key,
    messages.agent_key as author_agent_key
from {{ ref('fct_replies') }} as replies
left join {{ ref('fct_messages') }} as messages
    on replies.reply_message_key = messages.message_key
where
    replies.is_answered
    and (
        messages.message_key is null
        or messages.author_type <> 'agent'
        or messages.agent_key is distinct from replies.agent_key
        or messages.conversation_key is distinct from replies.conversation_key
        or messages.sent_at <> replies.replied_at
        or replies.replied_at < replies.waiting_since_at
    )
