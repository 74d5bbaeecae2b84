{# Events of deals that there are, with the names that their stages have now. #}
select
    events.source_name,
    events.event_id,
    events.type,
    events.entity_id as lead_id,
    events.created_by,
    events.created_at,
    came_from.pipeline as from_pipeline,
    came_from.stage as from_stage,
    went_to.pipeline as to_pipeline,
    went_to.stage as to_stage
from {{ source('raw_amocrm', 'events') }} as events
inner join {{ ref('stg_amocrm__leads') }} as leads
    on events.source_name = leads.source_name and events.entity_id = leads.lead_id
left join {{ ref('stg_amocrm__stages') }} as came_from
    on
        events.source_name = came_from.source_name
        and events.from_pipeline_id = came_from.pipeline_id
        and events.from_status_id = came_from.status_id
left join {{ ref('stg_amocrm__stages') }} as went_to
    on
        events.source_name = went_to.source_name
        and events.to_pipeline_id = went_to.pipeline_id
        and events.to_status_id = went_to.status_id
where events.entity_type = 'lead'
