{#
    Stages with their pipelines. A closed stage of probability 1 is won, another closed one is lost;
    an open stage may have any probability.
#}
with

stages as (

    select
        *,
        case
            when not coalesce(is_closed, false) then 'open'
            when probability >= 1 then 'won'
            else 'lost'
        end as status
    from {{ source('raw_hubspot', 'stages') }}

)

select
    stages.source_name,
    stages.pipeline_id,
    stages.stage_id,
    pipelines.label as pipeline,
    stages.label as stage,
    stages.status,
    cast(
        row_number() over (
            partition by stages.source_name, stages.pipeline_id
            order by
                case stages.status when 'won' then 1 when 'lost' then 2 else 0 end asc,
                stages.display_order asc nulls last,
                stages.stage_id asc
        ) as integer
    ) as stage_order
from stages
inner join {{ source('raw_hubspot', 'pipelines') }} as pipelines
    on
        stages.source_name = pipelines.source_name
        and stages.pipeline_id = pipelines.pipeline_id
