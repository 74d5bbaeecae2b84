{# Turns: runs of messages by one side (customer, agent, bot); neutral rows break none. #}
{% set sides = kinds(['customer', 'courtesy', 'agent', 'bot']) %}
{% set conversation = 'thread_num, stream_id, conversation_no' %}

with

sides as (

    select
        {{ conversation }},
        event_index,
        message_num,
        case when kind = {{ kind('courtesy') }} then {{ kind('customer') }} else kind end as side
    from {{ ref('int_conversation_events') }}
    where conversation_no is not null and kind in {{ sides }}

),

changes as (

    select
        *,
        lag(side) over (partition by {{ conversation }} order by event_index) as previous_side
    from sides

)

select
    {{ conversation }},
    event_index,
    message_num,
    side,
    sum(case when previous_side = side then 0 else 1 end) over (
        partition by {{ conversation }}
        order by event_index
        rows unbounded preceding
    ) as turn_index
from changes
