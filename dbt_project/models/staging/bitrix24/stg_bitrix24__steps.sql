{#
    Steps of deals that there are, with the names that their stages have now; of a stage or pipeline
    that is gone without having been read, the portal's id. A row of the history names only the stage
    that it led to: the one before is that of the row before.
#}
with

steps as (

    select
        history.source_name,
        history.history_id,
        history.type_id,
        history.owner_id as deal_id,
        history.created_at,
        coalesce(history.category_id, 0) as category_id,
        history.stage_id,
        lag(coalesce(history.category_id, 0)) over (
            partition by history.source_name, history.owner_id
            order by history.history_id
        ) as from_category_id,
        lag(history.stage_id) over (
            partition by history.source_name, history.owner_id
            order by history.history_id
        ) as from_stage_id,
        row_number() over (
            partition by history.source_name, history.owner_id
            order by history.history_id
        ) as place
    from {{ source('raw_bitrix24', 'stage_history') }} as history
    inner join {{ ref('stg_bitrix24__deals') }} as deals
        on history.source_name = deals.source_name and history.owner_id = deals.deal_id
    where history.entity_type = 'deal'

)

select
    steps.source_name,
    steps.history_id,
    steps.type_id,
    steps.deal_id,
    steps.created_at,
    steps.place,
    coalesce(came_from.pipeline, cast(steps.from_category_id as {{ dbt.type_string() }}))
        as from_pipeline,
    coalesce(came_from.stage, steps.from_stage_id) as from_stage,
    coalesce(went_to.pipeline, cast(steps.category_id as {{ dbt.type_string() }})) as to_pipeline,
    coalesce(went_to.stage, steps.stage_id) as to_stage
from steps
left join {{ ref('stg_bitrix24__stages') }} as came_from
    on
        steps.source_name = came_from.source_name
        and steps.from_category_id = came_from.category_id
        and steps.from_stage_id = came_from.stage_id
left join {{ ref('stg_bitrix24__stages') }} as went_to
    on
        steps.source_name = went_to.source_name
        and steps.category_id = went_to.category_id
        and steps.stage_id = went_to.stage_id
