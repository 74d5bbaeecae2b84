{# Rows that could not be loaded, of every source that keeps such a list. #}
{% for name in (chat_sources() + crm_sources()) | unique -%}
select
    row_key,
    source_name as source_slug,
    resource,
    file_key,
    row_reference,
    reason,
    remedy
from {{ source('raw_' ~ name, 'rejected_rows') }}
{{ 'union all' if not loop.last }}
{% endfor %}
