with

deals as (

    select
        source_slug,
        count(*) as deal_count,
        max(created_at) as last_created_at
    from {{ ref('fct_deals') }}
    group by source_slug

),

events as (

    select
        source_slug,
        max(occurred_at) as last_event_at
    from {{ ref('fct_deal_events') }}
    group by source_slug

),

-- A CRM that was read and has no deals is here too.
sources as (

    select source_slug from deals
    union distinct
    select source_slug from {{ ref('stg_otvet__crm_reads') }}

)

select
    sources.source_slug,
    crm_reads.crm,
    coalesce(deals.deal_count, 0) as deal_count,
    deals.last_created_at,
    events.last_event_at,
    crm_reads.read_until as last_read_at
from sources
left join deals on sources.source_slug = deals.source_slug
left join events on sources.source_slug = events.source_slug
left join {{ ref('stg_otvet__crm_reads') }} as crm_reads
    on sources.source_slug = crm_reads.source_slug
