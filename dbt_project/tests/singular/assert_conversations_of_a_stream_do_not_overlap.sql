{#
    Conversations of one stream (a chat, or a platform conversation in it) follow each other: one
    begins after the messages of the one before, courtesy tails and farewells apart.
#}
with

messages as (

    select
        thread_num,
        stream_no,
        conversation_no,
        min(event_index) as first_index,
        max(event_index) as last_index
    from {{ ref('int_conversation_events') }}
    where
        conversation_no is not null
        and kind in {{ kinds(['customer', 'agent', 'bot']) }}
        and not is_after_close
    group by thread_num, stream_no, conversation_no

),

neighbours as (

    select
        *,
        lead(first_index) over (
            partition by thread_num, stream_no
            order by conversation_no
        ) as next_first_index
    from messages

)

select
    thread_num,
    stream_no,
    conversation_no
from neighbours
where next_first_index <= last_index
