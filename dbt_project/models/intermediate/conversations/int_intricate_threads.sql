{#
    Threads in which more than silence decides about conversations: events, templates, thanks after a
    silence or as the first words, conversations of a platform.
#}
select thread_num
from {{ ref('int_events') }}
where is_intricate
group by thread_num
