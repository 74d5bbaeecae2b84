with

messages as (

    select
        authors.agent_key,
        messages.author_name,
        messages.author_team,
        messages.sent_at
    from {{ ref('int_messages__unioned') }} as messages
    inner join {{ ref('int_events') }} as events on messages.message_num = events.message_num
    inner join {{ ref('int_authors') }} as authors on events.author_num = authors.author_num
    where authors.agent_key is not null

)

select
    agent_key,
    -- The name and team of the last message: people marry and move, their history stays theirs.
    coalesce(
        max_by(author_name, sent_at) filter (where author_name is not null),
        concat('Agent ', substr(agent_key, 1, 6))
    ) as agent_name,
    coalesce(max_by(author_team, sent_at) filter (where author_team is not null), 'default')
        as team_key,
    min(sent_at) as first_message_at,
    max(sent_at) as last_message_at
from messages
group by agent_key
