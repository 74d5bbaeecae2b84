-- Published waits for a human and their replies, one row per source.
with

replies as (

    select * from {{ table }}

),

conversations as (

    select
        source_slug as source,
        count(*) as conversation_count
    from marts.fct_conversations
    group by source_slug

),

measured as (

    select
        source_slug as source,
        count(*) as row_count,
        count(*) filter (where is_first_response) as first_count,
        min(reply_calendar_seconds) as reply_calendar_seconds_min,
        max(reply_calendar_seconds) as reply_calendar_seconds_max,
        min(reply_business_seconds) as reply_business_seconds_min,
        share(
            count(*) filter (where reply_business_seconds > reply_calendar_seconds + 1),
            count(reply_calendar_seconds),
            1
        ) as business_above_calendar_share,
        share(count(*) filter (where reply_calendar_seconds = 0), count(reply_calendar_seconds), 20)
            as instant_reply_share,
        share(
            count(*) filter (where is_answered and reply_calendar_seconds is null),
            count(*) filter (where is_answered),
            1
        ) as answered_without_seconds_share,
        share(
            count(*) filter (where is_answered and agent_key is null),
            count(*) filter (where is_answered),
            20
        ) as agent_null_share
    from replies
    group by source_slug

)

select
    measured.*,
    measured.first_count / nullif(conversations.conversation_count, 0)
        as first_waits_per_conversation
from measured
left join conversations on measured.source = conversations.source
order by measured.source
