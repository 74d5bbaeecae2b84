{# Between two sessions of a chat lies more than the session gap. #}
with

sessions as (

    select
        session_key,
        ended_at,
        lead(started_at) over (
            partition by thread_key
            order by started_at, session_key
        ) as next_started_at
    from {{ ref('fct_sessions') }}

)

select
    session_key,
    ended_at,
    next_started_at
from sessions
where {{ seconds_between('ended_at', 'next_started_at') }} < {{ var('session_gap_seconds') }}
