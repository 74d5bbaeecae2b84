with

events as (

    select * from {{ ref('int_deal_events__unioned') }}

)

select
    {{ key(['source_slug', 'deal_event_id']) }} as deal_event_key,
    deal_key,
    source_slug,
    event_type,
    from_stage,
    to_stage,
    occurred_at
from events
