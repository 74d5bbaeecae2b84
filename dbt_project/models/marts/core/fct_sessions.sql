{{ config(materialized='incremental', incremental_strategy='by_thread') }}
with

sessions as (

    select * from {{ ref('int_sessions') }}

),

threads as (

    select * from {{ ref('int_threads') }}

),

timed as (

    select
        *,
        {{ from_micros('started_micros') }} as started_at,
        {{ from_micros('ended_micros') }} as ended_at
    from sessions

)

select
    timed.session_key,
    threads.thread_key,
    threads.source_slug,
    threads.channel_type,
    threads.channel_key,
    timed.started_at,
    {{ local_date('timed.started_at') }} as started_local_date,
    timed.ended_at,
    {{ seconds_between('timed.started_at', 'timed.ended_at') }} as session_length_seconds,
    timed.message_count,
    timed.customer_message_count,
    timed.customer_message_count > 0 as is_customer_active,
    timed.message_count = 1 as is_single_message
from timed
inner join threads on timed.thread_num = threads.thread_num
