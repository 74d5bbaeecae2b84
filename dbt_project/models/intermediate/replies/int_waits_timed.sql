{# Waits with both clocks and the deadline of the service target. #}
{% set target_seconds = var('first_response_target_seconds') %}
{% set target_micros = target_seconds * 1000000 %}

with

waits as (

    select
        *,
        {{ from_micros('waiting_since_micros') }} as waiting_since_at,
        {{ from_micros('replied_micros') }} as replied_at,
        {{ from_micros('stopped_micros') }} as stopped_at
    from {{ ref('int_waits') }}

),

scheduled as (

    select
        waits.*,
        schedules.schedule_team
    from waits
    inner join {{ ref('int_thread_schedules') }} as schedules
        on waits.thread_num = schedules.thread_num

),

clocked as (

    select
        scheduled.*,
        {{ business_micros('since_segment', 'scheduled.waiting_since_at') }}
            as since_business_micros,
        {{ business_micros('reply_segment', 'scheduled.replied_at') }} as reply_business_micros
    from scheduled
    {{ join_business_segment(
        'since_segment', 'scheduled.schedule_team', 'scheduled.waiting_since_at') }}
    {{ join_business_segment(
        'reply_segment', 'scheduled.schedule_team', 'scheduled.replied_at') }}

),

-- Deadlines: the instant at which the business clock reaches start + target.
deadlines as (

    select
        clocked.thread_num,
        clocked.stream_no,
        clocked.conversation_no,
        clocked.stretch_no,
        {{ from_micros(
            micros('segments.segment_start_at')
            ~ ' + clocked.since_business_micros + ' ~ target_micros
            ~ ' - segments.open_seconds_before * 1000000'
        ) }} as due_at
    from clocked
    {{ join_segment_reached(
        'segments', 'clocked.schedule_team', 'clocked.since_business_micros + ' ~ target_micros
    ) }}

)

select
    clocked.thread_num,
    clocked.stream_no,
    clocked.conversation_no,
    clocked.stretch_no,
    clocked.is_first_response,
    clocked.waiting_since_at,
    clocked.waiting_message_num,
    clocked.waiting_author_num,
    clocked.replied_at,
    clocked.reply_message_num,
    clocked.reply_author_num,
    clocked.stopped_at,
    {{ seconds_between('clocked.waiting_since_at', 'clocked.replied_at') }}
        as reply_calendar_seconds,
    cast(floor(
        case
            when clocked.schedule_team is null
                then clocked.replied_micros - clocked.waiting_since_micros
            else clocked.reply_business_micros - clocked.since_business_micros
        end / 1000000.0
    ) as bigint) as reply_business_seconds,
    coalesce(
        deadlines.due_at,
        case
            when clocked.schedule_team is null
                then {{ add_seconds('clocked.waiting_since_at', target_seconds) }}
        end
    ) as due_at
from clocked
left join deadlines
    on
        clocked.thread_num = deadlines.thread_num
        and clocked.stream_no = deadlines.stream_no
        and clocked.conversation_no = deadlines.conversation_no
        and clocked.stretch_no = deadlines.stretch_no
