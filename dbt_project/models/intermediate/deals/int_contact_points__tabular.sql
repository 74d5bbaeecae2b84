{{ config(materialized='view') }}
{# How the contacts of tables are reached: a card is a row per phone, e-mail and messenger on it. #}
with

contacts as (

    select * from {{ ref('stg_tabular__contacts') }}

)

{% for point_type, column in [
    ('phone', 'phone_id'), ('email', 'email_id'), ('messenger', 'messenger_id'),
] -%}
select
    source_name as source_slug,
    contact_id,
    {{ key(['source_name', 'contact_id']) }} as contact_key,
    '{{ point_type }}' as point_type,
    {{ column }} as point_id,
    updated_at
from contacts
where {{ column }} is not null
{{ 'union all' if not loop.last }}
{% endfor %}
