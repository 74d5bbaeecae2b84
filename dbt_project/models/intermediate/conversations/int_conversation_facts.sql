{{ config(materialized='incremental', incremental_strategy='by_thread') }}
{# All that a thread tells of its conversations; deals come from elsewhere (fct_conversations). #}
with

conversations as (

    select * from {{ ref('int_conversations') }}

),

keys as (

    select * from {{ ref('int_conversation_keys') }}

),

threads as (

    select * from {{ ref('int_threads') }}

),

first_responses as (

    select * from {{ ref('int_first_responses') }}

),

attributes as (

    select * from {{ ref('int_conversation_attributes') }}

),

people as (

    select * from {{ ref('int_conversation_people') }}

),

effort as (

    select
        thread_num,
        stream_no,
        conversation_no,
        sum(effort_seconds) as aht_active_seconds
    from {{ ref('int_agent_effort') }}
    where conversation_no is not null
    group by thread_num, stream_no, conversation_no

),

payment_links as (

    select
        events.thread_num,
        events.stream_no,
        events.conversation_no,
        {{ from_micros('min(events.sent_micros)') }} as payment_link_at
    from {{ ref('int_message_contents') }} as contents
    inner join {{ ref('int_conversation_events') }} as events
        on contents.message_num = events.message_num
    where contents.event_type = 'payment_link' and events.conversation_no is not null
    group by events.thread_num, events.stream_no, events.conversation_no

),

timed as (

    select
        conversations.*,
        {{ from_micros('conversations.started_micros') }} as started_at,
        {{ from_micros('conversations.last_message_micros') }} as last_message_at,
        {{ from_micros('conversations.closed_micros') }} as closed_at,
        {{ from_micros('conversations.first_customer_micros') }} as first_customer_message_at,
        {{ from_micros('conversations.human_answer_micros') }} as human_answer_at,
        {{ from_micros('conversations.customer_reaction_micros') }} as customer_reaction_at,
        {{ from_micros('conversations.bot_answer_micros') }} as bot_answer_at
    from conversations

),

-- A first wait that nobody answered lasts until something else ends it, or until now.
unanswered as (

    select
        thread_num,
        stream_no,
        conversation_no,
        first_responses.waiting_since_at as unanswered_since_at,
        least(
            coalesce(first_responses.stopped_at, {{ as_of() }}),
            coalesce(timed.closed_at, {{ as_of() }})
        ) as unanswered_until_at
    from timed
    inner join first_responses using (thread_num, stream_no, conversation_no)
    where not first_responses.is_answered

),

resolved as (

    select
        timed.thread_num,
        timed.stream_no,
        timed.conversation_no,
        {{ business_micros('start_segment', 'timed.started_at') }} as start_business_micros,
        {{ business_micros('close_segment', 'timed.closed_at') }} as close_business_micros,
        unanswered.unanswered_since_at,
        unanswered.unanswered_until_at,
        -- Null without a schedule: then the calendar counts.
        cast(floor((
            {{ business_micros('until_segment', 'unanswered.unanswered_until_at') }}
            - ({{ business_micros('since_segment', 'unanswered.unanswered_since_at') }})
        ) / 1000000.0) as bigint) as unanswered_business_seconds,
        schedules.schedule_team
    from timed
    inner join {{ ref('int_thread_schedules') }} as schedules
        on timed.thread_num = schedules.thread_num
    left join unanswered
        on
            timed.thread_num = unanswered.thread_num
            and timed.stream_no = unanswered.stream_no
            and timed.conversation_no = unanswered.conversation_no
    {{ join_business_segment('start_segment', 'schedules.schedule_team', 'timed.started_at') }}
    {{ join_business_segment('close_segment', 'schedules.schedule_team', 'timed.closed_at') }}
    {{ join_business_segment(
        'since_segment', 'schedules.schedule_team', 'unanswered.unanswered_since_at') }}
    {{ join_business_segment(
        'until_segment', 'schedules.schedule_team', 'unanswered.unanswered_until_at') }}

)

select
    keys.conversation_key,
    keys.thread_key,
    keys.first_message_key,
    threads.source_slug,
    threads.thread_id,
    keys.source_conversation_id,
    threads.channel_type,
    threads.channel_key,
    threads.team as team_key,
    people.customer_key,
    case
        when timed.initiated_by = 'us' then 'outbound'
        when threads.is_group then 'group'
        when timed.agent_message_count > 0 and timed.bot_message_count > 0 then 'mixed'
        when timed.bot_message_count > 0 then 'bot'
        else 'chat'
    end as interaction_type,
    timed.initiated_by,
    timed.started_at,
    {{ local_date('timed.started_at') }} as started_local_date,
    timed.last_message_at,
    timed.closed_at,
    timed.close_reason,
    timed.is_open,
    not timed.is_open as is_finished,
    first_responses.waiting_since_at,
    first_responses.first_response_at,
    first_responses.first_response_agent_key,
    first_responses.first_response_calendar_seconds,
    first_responses.first_response_business_seconds,
    coalesce(
        first_responses.first_response_calendar_seconds,
        {{ seconds_between('resolved.unanswered_since_at', 'resolved.unanswered_until_at') }}
    ) as first_wait_calendar_seconds,
    coalesce(
        first_responses.first_response_business_seconds,
        resolved.unanswered_business_seconds,
        {{ seconds_between('resolved.unanswered_since_at', 'resolved.unanswered_until_at') }}
    ) as first_wait_business_seconds,
    {{ local_hour('first_responses.waiting_since_at') }} as waiting_since_local_hour,
    {{ iso_weekday(local_date('first_responses.waiting_since_at')) }} as waiting_since_iso_weekday,
    {{ seconds_between('timed.first_customer_message_at', 'timed.human_answer_at') }}
        as frt_customer_view_seconds,
    {{ seconds_between('timed.first_customer_message_at', 'timed.bot_answer_at') }}
        as frt_bot_seconds,
    {{ seconds_between(
        'timed.first_customer_message_at', 'least(timed.human_answer_at, timed.bot_answer_at)'
    ) }} as frt_any_seconds,
    first_responses.is_answered,
    coalesce(first_responses.is_answered, false) as has_first_response,
    first_responses.waiting_since_at is not null as awaits_human,
    first_responses.is_within_target,
    first_responses.is_within_target_business,
    first_responses.is_business_zero,
    timed.is_open and coalesce(not first_responses.is_answered, false) as is_open_unanswered,
    timed.is_open and timed.is_customer_waiting as is_customer_waiting,
    coalesce(cast(floor(
        (timed.last_dialog_micros - timed.started_micros) / 1000000.0
    ) as bigint), 0) as dialog_duration_seconds,
    cast(effort.aht_active_seconds as bigint) as aht_active_seconds,
    {{ seconds_between('timed.started_at', 'timed.closed_at') }} as resolution_calendar_seconds,
    cast(floor(
        case
            when resolved.schedule_team is null
                then timed.closed_micros - timed.started_micros
            else resolved.close_business_micros - resolved.start_business_micros
        end / 1000000.0
    ) as bigint) as resolution_business_seconds,
    cast(timed.message_count as bigint) as message_count,
    cast(timed.customer_message_count as bigint) as customer_message_count,
    cast(timed.agent_message_count as bigint) as agent_message_count,
    cast(timed.bot_message_count as bigint) as bot_message_count,
    coalesce(people.agent_count, 0) as agent_count,
    timed.is_handed_off,
    -- Where no deal says how it ended.
    case
        when timed.is_customer_waiting then 'abandoned_by_us'
        when coalesce(not first_responses.is_answered, false) then 'abandoned_by_us'
        when attributes.is_solved or timed.close_reason = 'explicit' then 'resolved'
        when timed.is_our_question_last then 'abandoned_by_customer'
        else 'resolved'
    end as outcome_without_deals,
    coalesce(attributes.intent, 'unknown') as intent,
    coalesce(attributes.topic, 'unknown') as topic,
    attributes.locale,
    coalesce(attributes.is_spam, false) as is_spam,
    {{ seconds_between('timed.started_at', 'first_responses.first_response_at') }}
        as seconds_to_reply,
    {{ seconds_between('timed.started_at', 'timed.customer_reaction_at') }} as seconds_to_reaction,
    {{ seconds_between('timed.started_at', 'payment_links.payment_link_at') }}
        as seconds_to_payment_link
from timed
inner join keys using (thread_num, stream_no, conversation_no)
inner join resolved using (thread_num, stream_no, conversation_no)
inner join threads on timed.thread_num = threads.thread_num
left join first_responses using (thread_num, stream_no, conversation_no)
left join people using (thread_num, stream_no, conversation_no)
left join effort using (thread_num, stream_no, conversation_no)
left join payment_links using (thread_num, stream_no, conversation_no)
left join attributes on keys.conversation_key = attributes.conversation_key
