{# Public keys of conversations: thread + first message, so the same whatever was loaded when. #}
select
    conversations.thread_num,
    conversations.stream_id,
    conversations.conversation_no,
    messages.message_key as first_message_key,
    threads.thread_key,
    {{ key(['threads.thread_key', 'messages.message_key']) }} as conversation_key
from {{ ref('int_conversations') }} as conversations
inner join {{ ref('int_threads') }} as threads on conversations.thread_num = threads.thread_num
inner join {{ ref('int_messages__unioned') }} as messages
    on conversations.first_message_num = messages.message_num
