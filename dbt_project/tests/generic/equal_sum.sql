{#
    Mirror: the sum of `expression` over the model equals that of `compare_expression` over
    `compare_model`, in total or for each value of the dimensions `by` (named alike on both sides).
#}
{% test equal_sum(
    model,
    expression,
    compare_model,
    compare_expression,
    by=[],
    where='true',
    compare_where='true',
    tolerance=0
) %}
with

ours as (

    select
        {% for column in by %}{{ column }}, {% endfor -%}
        coalesce(sum({{ expression }}), 0) as total
    from {{ model }}
    where {{ where }}
    {{ 'group by ' ~ by | join(', ') if by }}

),

theirs as (

    select
        {% for column in by %}{{ column }}, {% endfor -%}
        coalesce(sum({{ compare_expression }}), 0) as total
    from {{ compare_model }}
    where {{ compare_where }}
    {{ 'group by ' ~ by | join(', ') if by }}

)

select
    {% for column in by %}coalesce(ours.{{ column }}, theirs.{{ column }}) as {{ column }},
    {% endfor -%}
    ours.total as our_total,
    theirs.total as their_total
from ours
full outer join theirs
    on
        true
        {% for column in by -%}
        and ours.{{ column }} is not distinct from theirs.{{ column }}
        {% endfor %}
where abs(coalesce(ours.total, 0) - coalesce(theirs.total, 0)) > {{ tolerance }}
{% endtest %}
