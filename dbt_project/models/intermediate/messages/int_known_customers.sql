{# The customer behind each author who ever wrote as one, with the phone that says so. #}
select
    source_slug,
    author_source_id,
    min(customer_key) as customer_key,
    min(phone_id) as phone_id
from {{ ref('int_known_authors') }}
where author_type = 'customer' and author_source_id is not null
group by source_slug, author_source_id
