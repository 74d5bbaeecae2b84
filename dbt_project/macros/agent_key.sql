{# Key of the agent who wrote; null for an agent whom nothing names: nobody's credit. #}
{% macro agent_key(alias) -%}
    case
        when
            {{ alias }}.author_type = 'agent'
            and coalesce({{ alias }}.staff_id, {{ alias }}.author_source_id) is not null
            then {{ key(['coalesce(' ~ alias ~ '.staff_id, ' ~ alias ~ '.source_slug)',
                         'coalesce(' ~ alias ~ '.staff_id, ' ~ alias ~ '.author_source_id)']) }}
    end
{%- endmacro %}
