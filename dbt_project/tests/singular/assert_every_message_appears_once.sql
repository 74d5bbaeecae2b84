{#
    Raw ↔ fact: each raw message, in however many versions, is one row of fct_messages; each other
    event of a chat is none. Counted from the raw tables, so staging may lose nothing either.
#}
with

raw_messages as (

    {% for name in chat_sources() -%}
    select
        source_name as source_slug,
        thread_id,
        message_id
    from {{ source('raw_' ~ name, 'messages') }}
    where event_type = 'message'
    group by source_name, thread_id, message_id
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

expected as (

    select
        source_slug,
        {{ key(['source_slug', 'thread_id', 'message_id']) }} as message_key
    from raw_messages

),

facts as (

    select
        message_key,
        source_slug
    from {{ ref('fct_messages') }}

)

select
    coalesce(expected.message_key, facts.message_key) as message_key,
    expected.source_slug as raw_source_slug,
    facts.source_slug as fact_source_slug
from expected
full outer join facts on expected.message_key = facts.message_key
where expected.source_slug is distinct from facts.source_slug
