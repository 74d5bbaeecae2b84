{#
    Effort is cut three ways (message, agent in a conversation, conversation): the sums are one. Agents
    whom the source no longer names have no row of their own, their effort stays in the conversation.
#}
with

messages as (

    select
        conversation_key,
        sum(effort_seconds) as effort_seconds,
        sum(case when agent_key is not null then effort_seconds end) as known_effort_seconds
    from {{ ref('fct_messages') }}
    where conversation_key is not null
    group by conversation_key

),

conversation_agents as (

    select
        conversation_key,
        sum(effort_seconds) as effort_seconds
    from {{ ref('fct_conversation_agents') }}
    group by conversation_key

)

select
    conversations.conversation_key,
    conversations.aht_active_seconds,
    messages.effort_seconds as message_effort_seconds,
    conversation_agents.effort_seconds as agent_effort_seconds
from {{ ref('fct_conversations') }} as conversations
left join messages on conversations.conversation_key = messages.conversation_key
left join conversation_agents
    on conversations.conversation_key = conversation_agents.conversation_key
where
    abs(
        coalesce(conversations.aht_active_seconds, 0)
        - coalesce(messages.effort_seconds, 0)
    ) > 0.001
    or abs(
        coalesce(messages.known_effort_seconds, 0)
        - coalesce(conversation_agents.effort_seconds, 0)
    ) > 0.001
