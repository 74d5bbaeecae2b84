{{ config(materialized='incremental', incremental_strategy='by_thread') }}
{#
    The first-response target of each conversation that awaits a human. A breach fires at the deadline
    whether or not anybody ever answers; a courtesy as the customer's last word stops the clock.
#}
with

first_responses as (

    select * from {{ ref('int_first_responses') }}

),

keys as (

    select * from {{ ref('int_conversation_keys') }}

),

threads as (

    select * from {{ ref('int_threads') }}

),

customer_events as (

    select
        events.thread_num,
        events.stream_no,
        events.conversation_no,
        max_by(events.kind, events.event_index) as last_kind,
        max(events.sent_micros) as last_micros
    from {{ ref('int_conversation_events') }} as events
    inner join first_responses
        on
            events.thread_num = first_responses.thread_num
            and events.stream_no = first_responses.stream_no
            and events.conversation_no = first_responses.conversation_no
    where
        events.kind in {{ kinds(['customer', 'courtesy']) }}
        and events.sent_micros <= {{ micros('first_responses.due_at') }}
        and events.sent_micros >= {{ micros('first_responses.waiting_since_at') }}
    group by
        events.thread_num,
        events.stream_no,
        events.conversation_no

),

judged as (

    select
        first_responses.*,
        case
            when first_responses.stopped_at <= first_responses.due_at
                then first_responses.stopped_at
            when customer_events.last_kind = {{ kind('courtesy') }}
                then {{ from_micros('customer_events.last_micros') }}
        end as clock_stopped_at
    from first_responses
    left join customer_events using (thread_num, stream_no, conversation_no)

)

select
    {{ key(["'sla'", "'first_response'", 'keys.conversation_key']) }} as sla_event_key,
    keys.conversation_key,
    keys.thread_key,
    threads.source_slug,
    threads.channel_key,
    threads.team as team_key,
    'first_response' as policy,
    judged.waiting_since_at,
    {{ local_date('judged.waiting_since_at') }} as waiting_since_local_date,
    judged.due_at,
    judged.first_response_at,
    judged.clock_stopped_at,
    case
        when coalesce(judged.first_response_at <= judged.due_at, judged.is_answered) then 'met'
        when judged.clock_stopped_at is not null then 'stopped'
        when judged.due_at <= {{ as_of() }} then 'breached'
        else 'running'
    end as status,
    case
        when
            coalesce(judged.first_response_at > judged.due_at, true)
            and judged.clock_stopped_at is null
            and judged.due_at <= {{ as_of() }}
            then judged.due_at
    end as breached_at
from judged
inner join keys using (thread_num, stream_no, conversation_no)
inner join threads on judged.thread_num = threads.thread_num
