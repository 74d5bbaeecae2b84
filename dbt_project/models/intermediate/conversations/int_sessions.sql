{# Bursts of activity: all messages of the thread, a pause of more than the session gap splits. #}
{% set gap = var('session_gap_seconds') * 1000000 %}

with

messages as (

    select
        thread_num,
        event_index,
        message_num,
        sent_micros,
        kind,
        lag(sent_micros) over (partition by thread_num order by event_index) as previous_micros
    from {{ ref('int_events') }}
    where is_message

)

select
    thread_num,
    event_index,
    message_num,
    sent_micros,
    kind,
    sum(
        case
            when previous_micros is null or sent_micros - previous_micros > {{ gap }} then 1
            else 0
        end
    ) over (
        partition by thread_num
        order by event_index
        rows unbounded preceding
    ) as session_no
from messages
