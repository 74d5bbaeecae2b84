with

authors as (

    {% for name in ['telegram_export', 'whatsapp_export', 'tabular'] -%}
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
        staff.role,
        staff.agent_id,
        staff.agent_name,
        staff.team,
        staff.valid_from,
        staff.valid_to,
        min(staff.precedence) over (
            partition by authors.source_slug, authors.author_source_id
        ) as best_precedence,
        staff.precedence,
        row_number() over (
            partition by authors.source_slug, authors.author_source_id, staff.valid_from
            order by staff.precedence, staff.match_id, staff.agent_id
        ) as choice
    from authors
    inner join staff
        on
            (authors.source_slug = staff.source_slug or staff.source_slug = '*')
            and (
                authors.author_source_id = staff.match_id
                or authors.author_name_id = staff.match_id
            )

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
from matches
where choice = 1 and precedence = best_precedence
