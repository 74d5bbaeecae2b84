{# The same figures under other gaps G, over the chats whose boundaries only messages decide. #}
with

conversations as (

    select * from {{ ref('int_gap_conversations') }}

),

everything as (

    select count(distinct thread_key) as chats_total
    from {{ ref('fct_conversations') }}

),

gaps as (

    select
        gap_hours,
        count(distinct thread_key) as chats,
        sum(case when is_started_by_customer then 1 else 0 end) as conversations_started,
        sum(case when awaits_human then 1 else 0 end) as conversations_awaiting,
        sum(case when first_response_seconds is not null then 1 else 0 end) as first_responses,
        percentile_cont(0.5) within group (order by first_response_seconds)
            as first_response_seconds_p50,
        avg(first_response_seconds) as first_response_seconds_mean
    from conversations
    group by gap_hours

)

select
    gaps.gap_hours,
    cast(gaps.chats as bigint) as chats,
    cast(everything.chats_total as bigint) as chats_total,
    cast(gaps.conversations_started as bigint) as conversations_started,
    cast(gaps.conversations_awaiting as bigint) as conversations_awaiting,
    cast(gaps.first_responses as bigint) as first_responses,
    gaps.first_response_seconds_p50,
    gaps.first_response_seconds_mean
from gaps
cross join everything
