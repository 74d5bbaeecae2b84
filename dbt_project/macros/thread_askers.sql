{# Who asks in a chat where anyone but the asker is us: the author of its first message. #}
{% macro thread_askers(staged_relations) -%}
with

messages as (

    {% for staged in staged_relations -%}
    select
        source_slug,
        thread_id,
        author_source_id,
        sent_at,
        message_seq,
        message_id
    from {{ staged }}
    where event_type = 'message' and author_source_id is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

rules as (

    select * from {{ ref('stg_otvet__source_rules') }}
    where us_rule = 'anyone_but_asker'

),

ranked as (

    select
        messages.source_slug,
        messages.thread_id,
        messages.author_source_id,
        row_number() over (
            partition by messages.source_slug, messages.thread_id
            order by messages.sent_at, messages.message_seq, messages.message_id
        ) as position_in_thread
    from messages
    inner join rules on messages.source_slug = rules.source_slug

)

select
    source_slug,
    thread_id,
    author_source_id
from ranked
where position_in_thread = 1
{%- endmacro %}
