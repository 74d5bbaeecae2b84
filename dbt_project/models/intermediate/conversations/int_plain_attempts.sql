{# Segments of plain threads in which only we wrote: outbound attempts, no conversations (E6). #}
select
    thread_num,
    plain_segment_no as segment_no
from {{ ref('int_events') }}
where
    plain_segment_no is not null
    and thread_num not in (
        select threads.thread_num from {{ ref('int_intricate_threads') }} as threads
    )
group by thread_num, plain_segment_no
having count(case when kind in {{ kinds(['customer', 'courtesy']) }} then 1 end) = 0
