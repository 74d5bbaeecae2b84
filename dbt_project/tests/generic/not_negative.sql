{# None of `columns` is below zero; null passes. One scan for all of them. #}
{% test not_negative(model, columns) %}
select
    {{ columns | join(', ') }}
from {{ model }}
where {% for column in columns %}{{ column }} < 0{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
