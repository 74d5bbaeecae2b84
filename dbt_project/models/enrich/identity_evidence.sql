{#
    What says who is behind an account of a messenger or a card of a CRM: one row per party and
    contact point. Parties are messenger accounts, known by their id wherever they wrote, and cards of
    CRMs. An account is a point of itself, so that cards that name it meet it there; two parties of
    which a person says that they are one have a point of their own.
#}
with

points as (

    select
        {{ contact_party('source_slug', 'contact_id') }} as party_id,
        source_slug,
        contact_id,
        point_type,
        point_id,
        updated_at
    from {{ ref('int_contact_points__unioned') }}
    where point_id is not null

),

-- The address books of messengers; tables have theirs among the cards of CRMs.
cards as (

    {% for name in chat_sources() if name not in crm_sources() -%}
    select
        source_name as source_slug,
        messenger_id as account_id,
        phone_id,
        email_id,
        updated_at
    from {{ ref('stg_' ~ name ~ '__contacts') }}
    where messenger_id is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

rules as (

    select * from {{ ref('stg_otvet__identity_rules') }}
    where rule = 'together'

),

known as (

    select
        party_id,
        'contact' as party_type,
        source_slug,
        contact_id,
        point_type,
        point_id,
        updated_at
    from points

    union all

    select
        point_id as party_id,
        'account' as party_type,
        cast(null as {{ dbt.type_string() }}) as source_slug,
        cast(null as {{ dbt.type_string() }}) as contact_id,
        'messenger' as point_type,
        point_id,
        updated_at
    from points
    where point_type = 'messenger'

    {% for point_type, column in [
        ('messenger', 'account_id'), ('phone', 'phone_id'), ('email', 'email_id'),
    ] -%}
    union all

    select
        account_id as party_id,
        'account' as party_type,
        cast(null as {{ dbt.type_string() }}) as source_slug,
        cast(null as {{ dbt.type_string() }}) as contact_id,
        '{{ point_type }}' as point_type,
        {{ column }} as point_id,
        updated_at
    from cards
    where {{ column }} is not null

    {% endfor -%}

),

parties as (

    select
        party_id,
        party_type,
        source_slug,
        contact_id
    from known
    group by party_id, party_type, source_slug, contact_id

),

told as (

    select
        parties.party_id,
        parties.party_type,
        parties.source_slug,
        parties.contact_id,
        'rule' as point_type,
        rules.row_key as point_id,
        cast(null as {{ timestamp_type() }}) as updated_at
    from rules
    inner join parties on parties.party_id in (rules.first_id, rules.second_id)

)

select
    party_id,
    party_type,
    source_slug,
    contact_id,
    point_type,
    point_id,
    min(updated_at) as known_since
from known
group by party_id, party_type, source_slug, contact_id, point_type, point_id

union all

select * from told
