{# Whose conversation it is (the first customer who wrote) and how many agents took part. #}
with

events as (

    select
        thread_num,
        stream_no,
        conversation_no,
        event_index,
        author_num
    from {{ ref('int_conversation_events') }}
    where
        conversation_no is not null
        and kind in {{ kinds(['customer', 'courtesy', 'agent']) }}
        and not is_template

),

people as (

    select * from {{ ref('int_authors') }}

)

select
    events.thread_num,
    events.stream_no,
    events.conversation_no,
    min_by(people.customer_key, events.event_index) filter (where people.customer_key is not null)
        as customer_key,
    count(distinct people.agent_key) as agent_count
from events
left join people on events.author_num = people.author_num
group by
    events.thread_num,
    events.stream_no,
    events.conversation_no
