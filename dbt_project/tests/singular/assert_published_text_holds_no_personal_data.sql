{# No phone number and no e-mail address in the published text: masking happens at load. #}
{% set email = '[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+[.][A-Za-z]{2,}' %}
{% set international_phone = '(^|[^0-9A-Za-z=/])[+][0-9][0-9 ().-]{8,16}[0-9]' %}
{% set russian_phone = '(^|[^0-9A-Za-z.,+=/-])[78][ -]?[(]?[3489][0-9]{2}[)]?[ -]?[0-9]{3}'
    ~ '[ -]?[0-9]{2}[ -]?[0-9]{2}($|[^0-9])' %}

select message_key
from {{ ref('fct_messages') }}
where
    {{ matches('text_masked', email) }}
    or {{ matches('text_masked', international_phone) }}
    or {{ matches('text_masked', russian_phone) }}
