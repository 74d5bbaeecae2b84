{#
    Stages that deals were set to. A version does not name its pipeline: it is the one that has such a
    stage; where several have, the one in which the deal was then; else the deal's present one.
#}
with

deals as (

    select * from {{ ref('stg_hubspot__deals') }}

),

versions as (

    select * from {{ source('raw_hubspot', 'property_history') }}

),

homes as (

    select
        source_name,
        stage_id,
        min(pipeline_id) as pipeline_id
    from {{ source('raw_hubspot', 'stages') }}
    group by source_name, stage_id
    having count(*) = 1

),

pipelines_then as (

    select
        stages.row_key,
        max_by(pipelines.value, pipelines.changed_at) as pipeline_id
    from versions as stages
    inner join versions as pipelines
        on
            stages.source_name = pipelines.source_name
            and stages.deal_id = pipelines.deal_id
            and stages.changed_at >= pipelines.changed_at
    where stages.property = 'dealstage' and pipelines.property = 'pipeline'
    group by stages.row_key

)

select
    versions.row_key,
    versions.source_name,
    versions.deal_id,
    versions.value as stage_id,
    coalesce(homes.pipeline_id, pipelines_then.pipeline_id, deals.pipeline_id) as pipeline_id,
    versions.changed_at,
    versions.user_id
from versions
inner join deals
    on versions.source_name = deals.source_name and versions.deal_id = deals.deal_id
left join homes
    on versions.source_name = homes.source_name and versions.value = homes.stage_id
left join pipelines_then on versions.row_key = pipelines_then.row_key
where versions.property = 'dealstage' and versions.value is not null
