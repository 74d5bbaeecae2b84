{# Companies. Their phones and e-mails are those of offices, so they say of nobody who wrote. #}
select
    source_name,
    company_id,
    phone_ids,
    email_ids,
    custom_fields,
    created_at,
    updated_at
from {{ source('raw_amocrm', 'companies') }}
