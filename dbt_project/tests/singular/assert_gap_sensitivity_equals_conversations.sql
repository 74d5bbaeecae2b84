{# Under the gap that a chat has, its conversations and first responses are those of the facts. #}
with

chats as (

    select
        thread_key,
        gap_micros
    from {{ ref('int_threads') }}

),

under_gap as (

    select
        conversations.thread_key,
        count(*) as conversation_count,
        sum(conversations.first_response_seconds) as response_seconds
    from {{ ref('int_gap_conversations') }} as conversations
    inner join chats on conversations.thread_key = chats.thread_key
    where conversations.gap_hours * cast(3600000000 as bigint) = chats.gap_micros
    group by conversations.thread_key

),

facts as (

    select
        thread_key,
        count(*) as conversation_count,
        sum(
            case
                when initiated_by = 'customer' and bot_message_count = 0
                    then first_response_calendar_seconds
            end
        ) as response_seconds
    from {{ ref('fct_conversations') }}
    group by thread_key

)

select under_gap.*
from under_gap
left join facts on under_gap.thread_key = facts.thread_key
where
    facts.conversation_count is null
    or facts.conversation_count <> under_gap.conversation_count
    or coalesce(facts.response_seconds, -1) <> coalesce(under_gap.response_seconds, -1)
