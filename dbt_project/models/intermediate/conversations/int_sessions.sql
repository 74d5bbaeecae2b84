{# Bursts of activity in a chat (T2); the public key is that of the first message. #}
with

sessions as (

    select
        thread_num,
        session_no,
        min_by(message_num, event_index) as first_message_num,
        min(sent_micros) as started_micros,
        max(sent_micros) as ended_micros,
        count(*) as message_count,
        count(case when kind in {{ kinds(['customer', 'courtesy']) }} then 1 end)
            as customer_message_count
    from {{ ref('int_events') }}
    where is_message
    group by thread_num, session_no

)

select
    sessions.thread_num,
    sessions.session_no,
    {{ key(["'session'", message_key('messages')]) }} as session_key,
    sessions.started_micros,
    sessions.ended_micros,
    sessions.message_count,
    sessions.customer_message_count
from sessions
inner join {{ ref('int_message_contents') }} as messages
    on sessions.first_message_num = messages.message_num
