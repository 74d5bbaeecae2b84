{#
    Who of the authors is staff, by spans of days that do not overlap: where several entries hold on a
    day, the one that began last does, and after its end the one before again.
#}
with

authors as (

    {% for name in chat_sources() -%}
    select
        source_slug,
        author_source_id,
        author_name_id
    from {{ ref('stg_' ~ name ~ '__authors') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

staff as (

    select * from {{ ref('int_staff__unioned') }}

),

matches as (

    select
        authors.source_slug,
        authors.author_source_id,
        staff.match_id,
        staff.role,
        staff.agent_id,
        staff.agent_name,
        staff.team,
        staff.valid_from,
        staff.valid_to,
        staff.precedence,
        min(staff.precedence) over (
            partition by authors.source_slug, authors.author_source_id
        ) as best_precedence
    from authors
    inner join staff
        on
            (authors.source_slug = staff.source_slug or staff.source_slug = '*')
            and (
                authors.author_source_id = staff.match_id
                or authors.author_name_id = staff.match_id
            )

),

entries as (

    select * from matches
    where precedence = best_precedence

),

turning_days as (

    select
        source_slug,
        author_source_id,
        valid_from as turning_day
    from entries

    union

    -- distinct by union: entries begin and end on the same days
    select
        source_slug,
        author_source_id,
        valid_to as turning_day
    from entries

),

spans as (

    select
        source_slug,
        author_source_id,
        turning_day as valid_from,
        lead(turning_day) over (
            partition by source_slug, author_source_id
            order by turning_day
        ) as valid_to
    from turning_days

),

choices as (

    select
        spans.source_slug,
        spans.author_source_id,
        entries.role,
        entries.agent_id,
        entries.agent_name,
        entries.team,
        spans.valid_from,
        spans.valid_to,
        row_number() over (
            partition by spans.source_slug, spans.author_source_id, spans.valid_from
            order by
                entries.valid_from desc,
                entries.match_id asc,
                entries.agent_id asc,
                entries.agent_name asc nulls last,
                entries.team asc nulls last,
                entries.role asc
        ) as choice
    from spans
    inner join entries
        on
            spans.source_slug = entries.source_slug
            and spans.author_source_id = entries.author_source_id
            and spans.valid_from >= entries.valid_from
            and spans.valid_to <= entries.valid_to

)

select
    source_slug,
    author_source_id,
    role,
    agent_id,
    agent_name,
    team,
    valid_from,
    valid_to
from choices
where choice = 1
