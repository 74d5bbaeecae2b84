-- Raw contacts, one row per source name.
with

phones as (

    select
        source_name as source,
        phone_id,
        count(distinct contact_id) as contact_count
    from {{ table }}
    where phone_id is not null
    group by source_name, phone_id

),

shared as (

    select
        source,
        max(contact_count) as contacts_per_phone_max
    from phones
    group by source

),

measured as (

    select
        source_name as source,
        count(*) as row_count,
        count(*) / approx_count_distinct(contact_id) as versions_per_contact,
        share(
            count(*) filter (
                where phone_id is null and email_id is null and messenger_id is null
            ),
            count(*),
            20
        ) as unreachable_share,
        count(*) filter (
            where not (
                is_pseudonym(contact_id) and is_pseudonym(phone_id)
                and is_pseudonym(email_id) and is_pseudonym(messenger_id)
            )
        ) as clear_identifier_count,
        count(*) filter (where created_at < {{ oldest }}) as ancient_count,
        share(count(*) filter (where created_at > {{ latest }}), count(created_at), 1)
            as future_share
    from {{ table }}
    group by source_name

)

select
    measured.*,
    shared.contacts_per_phone_max
from measured
left join shared on measured.source = shared.source
order by measured.source
