{{ config(materialized='incremental', incremental_strategy='by_thread') }}
{#
    Every author of every thread of every build so far: who it is and when they wrote; of agents, each
    name and team that they had. The tables about people are made from it.
#}
{% set times = [
    ('first_event_micros', 'min(sent_micros)'),
    ('last_event_micros', 'max(sent_micros)'),
    ('first_message_micros', 'min(case when is_message then sent_micros end)'),
    ('last_message_micros', 'max(case when is_message then sent_micros end)'),
    ('message_count', 'count(case when is_message then 1 end)'),
] %}
with

events as (

    select
        thread_num,
        author_num,
        message_num,
        sent_micros,
        is_message
    from {{ ref('int_events') }}

),

messages as (

    select * from {{ ref('int_messages__unioned') }}
    where author_type <> 'customer'

),

identities as (

    select * from {{ ref('int_customer_identities') }}

),

-- By numbers alone: customers write half of all messages.
customers as (

    select
        events.thread_num,
        authors.author_type,
        authors.author_source_id,
        authors.customer_key,
        {% for name, expression in times -%}
        {{ expression }} as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from events
    inner join {{ ref('int_authors') }} as authors on events.author_num = authors.author_num
    where authors.author_type = 'customer'
    group by
        events.thread_num,
        authors.author_num,
        authors.author_type,
        authors.author_source_id,
        authors.customer_key

),

others as (

    select
        events.thread_num,
        events.author_num,
        messages.author_type,
        messages.author_source_id,
        messages.author_name,
        messages.author_team,
        {% for name, expression in times -%}
        {{ expression }} as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from messages
    inner join events on messages.message_num = events.message_num
    group by
        events.thread_num,
        events.author_num,
        messages.author_type,
        messages.author_source_id,
        messages.author_name,
        messages.author_team

),

people as (

    select
        thread_num,
        author_type,
        author_source_id,
        cast(null as {{ dbt.type_string() }}) as author_name,
        cast(null as {{ dbt.type_string() }}) as author_team,
        cast(null as {{ dbt.type_string() }}) as agent_key,
        customer_key,
        {{ times | map('first') | join(', ') }}
    from customers

    union all

    select
        others.thread_num,
        others.author_type,
        others.author_source_id,
        others.author_name,
        others.author_team,
        authors.agent_key,
        cast(null as {{ dbt.type_string() }}) as customer_key,
        {{ times | map('first') | join(', ') }}
    from others
    left join {{ ref('int_authors') }} as authors on others.author_num = authors.author_num

)

select
    threads.thread_key,
    threads.source_slug,
    threads.thread_id,
    people.author_type,
    people.author_source_id,
    people.author_name,
    people.author_team,
    people.agent_key,
    people.customer_key,
    identities.phone_id,
    {{ from_micros('people.first_event_micros') }} as first_event_at,
    {{ from_micros('people.last_event_micros') }} as last_event_at,
    {{ from_micros('people.first_message_micros') }} as first_message_at,
    {{ from_micros('people.last_message_micros') }} as last_message_at,
    people.message_count
from people
inner join {{ ref('int_threads') }} as threads on people.thread_num = threads.thread_num
left join identities
    on
        people.author_type = 'customer'
        and threads.source_slug = identities.source_slug
        and people.author_source_id = identities.author_source_id
