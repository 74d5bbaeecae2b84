{#
    The log of identity resolution: each contact point that several parties have, for each of them,
    with what was made of it. A row of `config/identity.csv` undoes what is wrong (party_id, point_id).
#}
with

evidence as (

    select * from {{ ref('identity_evidence') }}

),

points as (

    select * from {{ ref('identity_points') }}

),

components as (

    select * from {{ ref('identity_components') }}

),

members as (

    select * from {{ ref('identity_members') }}

)

select
    evidence.party_id,
    evidence.party_type,
    evidence.source_slug,
    evidence.point_type,
    evidence.point_id,
    points.party_count,
    case
        when points.refused_because is not null then points.refused_because
        when components.is_too_large then 'too_large'
        when not members.is_joined then 'apart'
        else 'joined'
    end as decision,
    case when members.is_joined then members.person_key end as person_key,
    evidence.known_since
from evidence
inner join points
    on evidence.point_type = points.point_type and evidence.point_id = points.point_id
inner join members on evidence.party_id = members.party_id
left join components on evidence.party_id = components.party_id
