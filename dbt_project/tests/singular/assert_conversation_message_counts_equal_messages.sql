{#
    The counts of a conversation are those of the messages that carry its key, by author too. Internal
    notes, reactions and agents' templates answer nobody and stay out of the counts by author.
#}
with

counted as (

    select
        conversation_key,
        count(*) as message_count,
        min(case when author_type in ('customer', 'agent', 'bot') then sent_at end)
            as first_sent_at,
        max(case when author_type in ('customer', 'agent', 'bot') then sent_at end)
            as last_sent_at,
        sum(
            case
                when author_type = 'customer' and is_public and content_type <> 'reaction' then 1
                else 0
            end
        ) as customer_message_count,
        sum(
            case
                when
                    author_type = 'agent'
                    and is_public
                    and not is_template
                    and content_type <> 'reaction'
                    then 1
                else 0
            end
        ) as agent_message_count,
        sum(
            case
                when author_type = 'bot' and is_public and content_type <> 'reaction' then 1
                else 0
            end
        ) as bot_message_count
    from {{ ref('fct_messages') }}
    where conversation_key is not null
    group by conversation_key

),

conversations as (

    select * from {{ ref('fct_conversations') }}

)

select
    coalesce(conversations.conversation_key, counted.conversation_key) as conversation_key,
    conversations.message_count,
    counted.message_count as counted_messages
from conversations
full outer join counted on conversations.conversation_key = counted.conversation_key
where
    conversations.message_count is distinct from counted.message_count
    or conversations.customer_message_count is distinct from counted.customer_message_count
    or conversations.agent_message_count is distinct from counted.agent_message_count
    or conversations.bot_message_count is distinct from counted.bot_message_count
    or conversations.started_at < counted.first_sent_at
    or conversations.last_message_at > counted.last_sent_at
