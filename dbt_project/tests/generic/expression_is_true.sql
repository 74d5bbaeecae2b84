{# `expression` holds for every row; unknown (null) fails too, so nulls must be named in it. #}
{% test expression_is_true(model, expression) %}
select *
from {{ model }}
where not coalesce({{ expression }}, false)
{% endtest %}
