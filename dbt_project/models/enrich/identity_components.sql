{#
    Parties that contact points join, each with the number of its person: connected components. In
    each round the smallest number goes one point further, so that after as many rounds as a person
    may have parties it has come everywhere, or the component is too large; then nobody is joined.
#}
{% set rounds = var('identity_parties_max') -%}
with

evidence as (

    select * from {{ ref('identity_evidence') }}

),

points as (

    select
        point_type,
        point_id,
        row_number() over (order by point_type, point_id) as point_num
    from {{ ref('identity_points') }}
    where refused_because is null

),

apart as (

    select first_id as party_id
    from {{ ref('stg_otvet__identity_rules') }}
    where rule = 'apart'
    group by first_id

),

edges as {{ computed_once() }}(

    select
        evidence.party_id,
        points.point_num,
        dense_rank() over (order by evidence.party_id) as party_num
    from evidence
    inner join points
        on evidence.point_type = points.point_type and evidence.point_id = points.point_id
    left join apart on evidence.party_id = apart.party_id
    where apart.party_id is null

),

labels_0 as {{ computed_once() }}(

    select
        party_num,
        party_num as label
    from edges
    group by party_num

),

{% for number in range(1, rounds + 1) -%}
point_labels_{{ number }} as {{ computed_once() }}(

    select
        edges.point_num,
        min(labels.label) as label
    from edges
    inner join labels_{{ number - 1 }} as labels on edges.party_num = labels.party_num
    group by edges.point_num

),

labels_{{ number }} as {{ computed_once() }}(

    select
        edges.party_num,
        min(labels.label) as label
    from edges
    inner join point_labels_{{ number }} as labels on edges.point_num = labels.point_num
    group by edges.party_num

),

{% endfor -%}
sizes as (

    select
        label,
        count(*) as party_count
    from labels_{{ rounds }}
    group by label

),

-- A point between two numbers: the smaller had not come everywhere yet.
unfinished as (

    select
        edges.point_num,
        min(labels.label) as smallest,
        max(labels.label) as largest
    from edges
    inner join labels_{{ rounds }} as labels on edges.party_num = labels.party_num
    group by edges.point_num
    having min(labels.label) <> max(labels.label)

),

too_large as (

    select label from sizes
    where party_count > {{ rounds }}
    union
    select smallest as label from unfinished
    union
    select largest as label from unfinished

),

names as (

    select
        party_num,
        party_id
    from edges
    group by party_num, party_id

)

select
    names.party_id,
    labels.label as person_num,
    sizes.party_count,
    too_large.label is not null as is_too_large
from labels_{{ rounds }} as labels
inner join names on labels.party_num = names.party_num
inner join sizes on labels.label = sizes.label
left join too_large on labels.label = too_large.label
