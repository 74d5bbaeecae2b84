with

known_names as (

    select * from {{ ref('int_known_names') }}

),

agents as (

    select
        agent_key,
        min(first_event_at) as first_message_at,
        max(last_event_at) as last_message_at
    from {{ ref('int_known_authors') }}
    where agent_key is not null
    group by agent_key

),

-- The name and team of the last message: people marry and move, their history stays theirs.
names as (

    select
        agent_key,
        author_name,
        row_number() over (
            partition by agent_key
            order by last_event_at desc, author_name asc
        ) as choice
    from known_names
    where author_name is not null

),

teams as (

    select
        agent_key,
        author_team,
        row_number() over (
            partition by agent_key
            order by last_event_at desc, author_team asc
        ) as choice
    from known_names
    where author_team is not null

)

select
    agents.agent_key,
    coalesce(names.author_name, concat('Agent ', substr(agents.agent_key, 1, 6))) as agent_name,
    coalesce(teams.author_team, 'default') as team_key,
    agents.first_message_at,
    agents.last_message_at
from agents
left join names on agents.agent_key = names.agent_key and names.choice = 1
left join teams on agents.agent_key = teams.agent_key and teams.choice = 1
