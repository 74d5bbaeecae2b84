{#
    Stages with their pipelines; a portal may have several stages that mean a loss. All are read each
    time: a stage that was not read last is gone, and only its name is left for the history.
#}
with

stages as (

    select
        source_name,
        coalesce(category_id, 0) as category_id,
        status_id as stage_id,
        name as stage,
        sort,
        case semantics when 'S' then 'won' when 'F' then 'lost' else 'open' end as status,
        coalesce(_dlt_load_id = max(_dlt_load_id) over (partition by source_name), true)
            as is_there
    from {{ source('raw_bitrix24', 'statuses') }}
    where entity_id = 'DEAL_STAGE' or entity_id like 'DEAL@_STAGE@_%' escape '@'

)

select
    stages.source_name,
    stages.category_id,
    stages.stage_id,
    categories.name as pipeline,
    stages.stage,
    stages.status,
    count(case when stages.status = 'lost' and stages.is_there then 1 end) over (
        partition by stages.source_name, stages.category_id
    ) as lost_stages,
    cast(
        row_number() over (
            partition by stages.source_name, stages.category_id
            order by
                case stages.status when 'won' then 1 when 'lost' then 2 else 0 end asc,
                stages.sort asc nulls last,
                stages.stage_id asc
        ) as integer
    ) as stage_order
from stages
left join {{ source('raw_bitrix24', 'categories') }} as categories
    on
        stages.source_name = categories.source_name
        and stages.category_id = categories.category_id
