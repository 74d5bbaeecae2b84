{#
    Events of intricate threads with what their neighbours in the conversation tell: the turn
    (a run of messages by one side; neutral rows break none), the stretch between two enders of
    waiting (docs/DECISIONS.md R2), and when the customer last spoke before it.
#}
{% set conversation = 'partition by thread_num, stream_no, conversation_no order by event_index' %}
{% set before = 'rows between unbounded preceding and 1 preceding' %}
{# What both steps hand on. #}
{% set passengers = '''
    thread_num, stream_no, conversation_no, segment_no, event_index, message_num, sent_micros, kind,
    is_template, is_ender, is_unanswered_outbound, is_after_close
''' | trim %}
with

events as (

    select
        *,
        {{ side_of('kind') }} as side,
        kind in {{ kinds(['agent', 'close', 'no_reply']) }} and not is_template as is_ender
    from {{ ref('int_intricate_events') }}

),

neighbours as (

    select
        {{ passengers }},
        side,
        last_value(side ignore nulls) over ({{ conversation }} {{ before }}) as previous_side,
        last_value(case when side = {{ kind('customer') }} then sent_micros end ignore nulls)
            over ({{ conversation }} {{ before }}) as customer_micros,
        count(case when is_ender then 1 end) over ({{ conversation }} {{ before }})
            as stretch_no
    from events

)

select
    {{ passengers }},
    customer_micros,
    cast(stretch_no as integer) as stretch_no,
    case
        when conversation_no is not null and side is not null then cast(count(
            case
                when side is not null and (previous_side is null or side <> previous_side) then 1
            end
        ) over ({{ conversation }} rows unbounded preceding) as integer)
    end as turn_no
from neighbours
