{{ config(materialized='view') }}
{#
    Chats of HubSpot's inbox and the deals that they are about. HubSpot links a chat with a person
    and perhaps with a ticket, never with a deal. The deals of its ticket count; without such, of the
    deals of the person one: the youngest that was open when the chat began, else the first that was
    made within the window of leads after it.
#}
with

threads as (

    select * from {{ source('raw_hubspot', 'threads') }}
    where not coalesce(is_spam, false)

),

contacts as (

    select * from {{ source('raw_hubspot', 'contacts') }}

),

deals as (

    select * from {{ ref('int_deals__hubspot') }}

),

-- A chat keeps the card that it began with, even if that was merged into another one.
cards as (

    select
        source_name,
        contact_id as card_id,
        contact_id
    from contacts
    union all
    select
        source_name,
        {{ each_of('merged_ids') }} as card_id,
        contact_id
    from contacts

),

gone_cards as (

    select
        source_name,
        entity_id
    from {{ source('raw_hubspot', 'removals') }}
    where entity_type = 'contacts' and is_removed

),

people as (

    select
        cards.source_name,
        cards.card_id,
        min(cards.contact_id) as contact_id
    from cards
    left join gone_cards
        on
            cards.source_name = gone_cards.source_name
            and cards.contact_id = gone_cards.entity_id
    where gone_cards.entity_id is null
    group by cards.source_name, cards.card_id

),

ticket_deals as (

    select
        tickets.source_name,
        tickets.ticket_id,
        {{ each_of('tickets.deal_ids') }} as deal_id
    from {{ source('raw_hubspot', 'tickets') }} as tickets
    left join {{ source('raw_hubspot', 'removals') }} as removals
        on
            tickets.source_name = removals.source_name
            and tickets.ticket_id = removals.entity_id
            and removals.entity_type = 'tickets'
            and removals.is_removed
    where removals.entity_id is null

),

deal_cards as (

    select
        source_name,
        deal_id,
        {{ each_of('contact_ids') }} as contact_id
    from {{ ref('stg_hubspot__deals') }}

),

by_ticket as (

    select
        threads.source_name,
        threads.thread_id,
        threads.created_at as linked_at,
        deals.deal_id,
        deals.deal_key,
        deals.contact_id
    from threads
    inner join ticket_deals
        on
            threads.source_name = ticket_deals.source_name
            and threads.ticket_id = ticket_deals.ticket_id
    inner join deals
        on
            ticket_deals.source_name = deals.source_slug
            and ticket_deals.deal_id = deals.deal_id

),

candidates as (

    select
        threads.source_name,
        threads.thread_id,
        threads.created_at as linked_at,
        deals.deal_id,
        deals.deal_key,
        people.contact_id,
        row_number() over (
            partition by threads.source_name, threads.thread_id
            order by
                case when deals.created_at <= threads.created_at then 0 else 1 end asc,
                case when deals.created_at <= threads.created_at then deals.created_at end desc,
                deals.created_at asc,
                deals.deal_id asc
        ) as place
    from threads
    inner join people
        on threads.source_name = people.source_name and threads.contact_id = people.card_id
    inner join deal_cards
        on
            people.source_name = deal_cards.source_name
            and people.contact_id = deal_cards.contact_id
    inner join deals
        on deal_cards.source_name = deals.source_slug and deal_cards.deal_id = deals.deal_id
    left join by_ticket
        on
            threads.source_name = by_ticket.source_name
            and threads.thread_id = by_ticket.thread_id
    where
        by_ticket.thread_id is null
        and coalesce(deals.closed_at > threads.created_at, true)
        and deals.created_at
        <= {{ add_seconds('threads.created_at', var('lead_window_days') * 86400) }}

),

links as (

    select
        source_name,
        thread_id,
        linked_at,
        deal_id,
        deal_key,
        contact_id
    from by_ticket
    union all
    select
        source_name,
        thread_id,
        linked_at,
        deal_id,
        deal_key,
        contact_id
    from candidates
    where place = 1

)

select
    source_name as source_slug,
    deal_id,
    deal_key,
    contact_id,
    source_name as chat_source_slug,
    thread_id,
    cast(null as {{ dbt.type_string() }}) as source_conversation_id,
    linked_at
from links
