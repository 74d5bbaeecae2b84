{# Stages with their pipelines; 142 (won) and 143 (lost) are in every pipeline with the same id. #}
select
    statuses.source_name,
    statuses.pipeline_id,
    statuses.status_id,
    pipelines.name as pipeline,
    statuses.name as stage,
    case statuses.status_id when 142 then 'won' when 143 then 'lost' else 'open' end as status,
    cast(
        row_number() over (
            partition by statuses.source_name, statuses.pipeline_id
            order by
                case statuses.status_id when 142 then 1 when 143 then 2 else 0 end asc,
                statuses.sort asc nulls last,
                statuses.status_id asc
        ) as integer
    ) as stage_order
from {{ source('raw_amocrm', 'statuses') }} as statuses
inner join {{ source('raw_amocrm', 'pipelines') }} as pipelines
    on
        statuses.source_name = pipelines.source_name
        and statuses.pipeline_id = pipelines.pipeline_id
