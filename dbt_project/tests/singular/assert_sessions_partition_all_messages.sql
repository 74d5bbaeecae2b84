{# Every message lies in exactly one session, and the sessions count every message once. #}
with

counted as (

    select
        session_key,
        count(*) as message_count,
        sum(
            case
                when author_type = 'customer' and is_public and content_type <> 'reaction' then 1
                else 0
            end
        ) as customer_message_count,
        min(sent_at) as first_sent_at,
        max(sent_at) as last_sent_at
    from {{ ref('fct_messages') }}
    group by session_key

)

select
    coalesce(sessions.session_key, counted.session_key) as session_key,
    sessions.message_count,
    counted.message_count as counted_messages
from {{ ref('fct_sessions') }} as sessions
full outer join counted on sessions.session_key = counted.session_key
where
    sessions.message_count is distinct from counted.message_count
    or sessions.customer_message_count is distinct from counted.customer_message_count
    or sessions.started_at is distinct from counted.first_sent_at
    or sessions.ended_at is distinct from counted.last_sent_at
