{#
    Who is behind each party that contact points tell of. `person_key` is null where nothing joins it
    to anybody and no phone of its own names it: then an account is a customer of its own source.
#}
with

evidence as (

    select * from {{ ref('identity_evidence') }}

),

points as (

    select * from {{ ref('identity_points') }}
    where refused_because is not null

),

components as (

    select * from {{ ref('identity_components') }}
    where not is_too_large and party_count > 1

),

kept_alone as (

    select party_id from {{ ref('identity_components') }}
    where is_too_large

    union

    select first_id as party_id
    from {{ ref('stg_otvet__identity_rules') }}
    where rule = 'apart'

),

placed as (

    select
        evidence.party_id,
        evidence.party_type,
        evidence.source_slug,
        evidence.contact_id,
        components.person_num,
        kept_alone.party_id is not null as is_kept_alone,
        case when evidence.point_type = 'phone' then evidence.point_id end as phone_id,
        case
            when evidence.point_type = 'phone' and points.point_id is null then evidence.point_id
        end as own_phone_id
    from evidence
    left join points
        on evidence.point_type = points.point_type and evidence.point_id = points.point_id
    left join components on evidence.party_id = components.party_id
    left join kept_alone on evidence.party_id = kept_alone.party_id

),

parties as (

    select
        party_id,
        party_type,
        source_slug,
        contact_id,
        person_num,
        is_kept_alone,
        min(phone_id) as phone_id,
        min(own_phone_id) as own_phone_id
    from placed
    group by
        party_id, party_type, source_slug, contact_id, person_num, is_kept_alone

),

persons as (

    select
        *,
        person_num is not null as is_joined,
        case
            when person_num is null then phone_id
            else min(phone_id) over (partition by person_num)
        end as person_phone_id,
        case
            when person_num is null then own_phone_id
            else min(own_phone_id) over (partition by person_num)
        end as naming_phone_id,
        min(party_id) over (partition by person_num) as first_party_id
    from parties

)

select
    party_id,
    party_type,
    source_slug,
    contact_id,
    is_joined,
    person_phone_id as phone_id,
    case
        when is_kept_alone then null
        -- The same key whichever of the person's accounts and cards were known first.
        when naming_phone_id is not null then {{ key(["'phone'", 'naming_phone_id']) }}
        when is_joined then {{ key(["'person'", 'first_party_id']) }}
    end as person_key
from persons
