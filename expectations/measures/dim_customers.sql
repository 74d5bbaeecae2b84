-- Published customers, one row in all.
select
    'all sources' as source,
    count(*) as row_count,
    max(identity_count) as identity_count_max,
    min(message_count) as message_count_min,
    case when count(*) >= 20 then max(message_count) / nullif(sum(message_count), 0) end
        as largest_customer_share,
    count(*) filter (
        where has_email(customer_label) or has_phone(customer_label) or is_suspect(customer_label)
    ) as clear_label_count,
    count(*) filter (where last_message_at < first_message_at) as reversed_period_count
from {{ table }}
having count(*) > 0
