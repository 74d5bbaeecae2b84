{# Public session keys: thread + first message. #}
with

firsts as (

    select
        thread_num,
        session_no,
        min_by(message_num, event_index) as first_message_num
    from {{ ref('int_events') }}
    where is_message
    group by thread_num, session_no

)

select
    firsts.thread_num,
    firsts.session_no,
    {{ key(["'session'", message_key('messages')]) }} as session_key
from firsts
inner join {{ ref('int_message_contents') }} as messages
    on firsts.first_message_num = messages.message_num
