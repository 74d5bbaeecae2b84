{# The schedule a thread is measured by: its team's, else the default one, else none (null). #}
with

threads as (

    select * from {{ ref('int_threads') }}

),

scheduled_teams as (

    select team
    from {{ ref('stg_otvet__business_calendar') }}
    group by team

)

select
    threads.thread_num,
    coalesce(own.team, fallback.team) as schedule_team
from threads
left join scheduled_teams as own on threads.team = own.team
left join scheduled_teams as fallback on fallback.team = 'default'
