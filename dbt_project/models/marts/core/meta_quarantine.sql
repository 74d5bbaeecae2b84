select
    source_slug,
    resource,
    file_key,
    row_reference,
    reason,
    remedy,
    count(*) as row_count
from {{ ref('stg_otvet__rejected_rows') }}
group by source_slug, resource, file_key, row_reference, reason, remedy
