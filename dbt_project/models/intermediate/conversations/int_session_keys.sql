{# Public session keys, one row per message. #}
with

sessions as (

    select * from {{ ref('int_sessions') }}

),

firsts as (

    select
        thread_num,
        session_no,
        min_by(message_key, event_index) as first_message_key
    from sessions
    group by thread_num, session_no

)

select
    sessions.thread_num,
    sessions.session_no,
    sessions.event_index,
    sessions.message_key,
    sessions.sent_micros,
    sessions.kind,
    {{ key(["'session'", 'firsts.first_message_key']) }} as session_key
from sessions
inner join firsts
    on sessions.thread_num = firsts.thread_num and sessions.session_no = firsts.session_no
