with

teams as (

    select team as team_key from {{ ref('int_known_threads') }}
    union all
    select team_key from {{ ref('dim_agents') }}
    union all
    select team as team_key from {{ ref('stg_otvet__business_calendar') }}

),

-- distinct by grouping: a team stands on every thread, agent and calendar row
scheduled as (

    select team
    from {{ ref('stg_otvet__business_calendar') }}
    group by team

)

select
    teams.team_key,
    teams.team_key as team_name,
    max(case when scheduled.team is not null then 1 else 0 end) = 1 as has_schedule
from teams
left join scheduled on teams.team_key = scheduled.team
group by teams.team_key
