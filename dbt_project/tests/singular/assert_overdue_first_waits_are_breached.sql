{# Past the deadline without an answer in time, a target is breached or was stopped. #}
select
    sla_event_key,
    status,
    due_at,
    first_response_at
from {{ ref('fct_sla_events') }}
where
    due_at <= {{ as_of() }}
    and coalesce(first_response_at > due_at, true)
    and status not in ('breached', 'stopped')
