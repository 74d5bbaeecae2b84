{# The instant at which the calendar clock of a wait reaches the target. #}
{% macro target_reached(since) -%}
    {{ add_seconds(since, var('first_response_target_seconds')) }}
{%- endmacro %}

{#
    Whether a wait was answered by its deadline; null while it is neither answered nor past it. The
    instant decides, not the whole seconds of the duration: a deadline that has fired stays fired.
    Without a deadline (the calendar never reaches it) every answer is in time.
#}
{% macro is_in_time(waits, due_at) -%}
    case
        when {{ waits }}.replied_at is not null
            then coalesce({{ waits }}.replied_at <= {{ due_at }}, true)
        when {{ due_at }} <= {{ as_of() }} then false
    end
{%- endmacro %}
