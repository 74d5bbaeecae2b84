with

roster as (

    select * from {{ ref('stg_otvet__roster') }}

),

exported as (

    {% for name in chat_sources() -%}
    select
        source_name,
        agent_id,
        agent_name,
        role,
        team,
        valid_from,
        valid_to
    from {{ ref('stg_' ~ name ~ '__agents') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    source_slug,
    match_id,
    role,
    coalesce(agent_id, agent_name, match_id) as agent_id,
    agent_name,
    team,
    coalesce(valid_from, date '1970-01-01') as valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to,
    -- What people wrote into the roster outranks what an export says of itself.
    case when source_slug = '*' then 2 else 1 end as precedence
from roster

union all

select
    source_name as source_slug,
    agent_id as match_id,
    coalesce(role, 'agent') as role,
    agent_id,
    agent_name,
    team,
    coalesce(valid_from, date '1970-01-01') as valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to,
    3 as precedence
from exported
