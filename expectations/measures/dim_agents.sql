-- Published agents, one row in all.
with

customers as (

    select count(*) as customer_count from marts.dim_customers

)

select
    'all sources' as source,
    count(*) as row_count,
    share(count(*) filter (where agents.agent_name is null), count(*), 1) as name_null_share,
    share(count(*) filter (where agents.team_key is null), count(*), 1) as team_null_share,
    count(*) filter (
        where regexp_matches(agents.agent_name, '[0-9]{10}')
    ) as phone_name_count,
    count(*) filter (where has_email(agents.agent_name)) as email_name_count,
    count(*) filter (where agents.last_message_at < agents.first_message_at)
        as reversed_period_count,
    case when count(*) >= 20 then count(*) / nullif(any_value(customers.customer_count), 0) end
        as agents_per_customer
from {{ table }} as agents
cross join customers
having count(*) > 0
