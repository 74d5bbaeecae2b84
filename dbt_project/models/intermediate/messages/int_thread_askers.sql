{% set staged = [] -%}
{% for name in chat_sources() -%}
{% do staged.append(ref('stg_' ~ name ~ '__messages')) -%}
{% endfor -%}
{{ thread_askers(staged) }}
