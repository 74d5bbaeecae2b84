{# Public keys of conversations: thread + first message, so the same whatever was loaded when. #}
with

firsts as (

    select
        conversations.thread_num,
        conversations.stream_no,
        conversations.conversation_no,
        threads.thread_key,
        messages.source_conversation_id,
        {{ message_key('messages') }} as first_message_key
    from {{ ref('int_conversations') }} as conversations
    inner join {{ ref('int_threads') }} as threads on conversations.thread_num = threads.thread_num
    inner join {{ ref('int_message_contents') }} as messages
        on conversations.first_message_num = messages.message_num

)

select
    thread_num,
    stream_no,
    conversation_no,
    first_message_key,
    thread_key,
    -- The platform's own id, where it bounds the conversation.
    case when stream_no > 0 then source_conversation_id end as source_conversation_id,
    {{ key(['thread_key', 'first_message_key']) }} as conversation_key
from firsts
