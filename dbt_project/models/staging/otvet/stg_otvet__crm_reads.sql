select
    source_name as source_slug,
    kind as crm,
    read_until
from {{ source('raw_otvet', 'crm_reads') }}
