-- Published deals, one row per source.
with

chats as (

    select count(*) as message_count from marts.fct_messages

)

select
    deals.source_slug as source,
    count(*) as row_count,
    min(deals.amount) as amount_min,
    min(deals.refunded_amount) as refunded_amount_min,
    share(
        count(*) filter (where deals.refunded_amount > deals.paid_amount + 0.01),
        count(*) filter (where deals.refunded_amount is not null),
        20
    ) as refunded_above_paid_share,
    share(
        count(*) filter (where deals.status = 'won'),
        count(*) filter (where deals.status in ('won', 'lost')),
        100
    ) as won_share,
    -- Without chats there is nothing to link to.
    case
        when any_value(chats.message_count) > 0
            then share(count(*) filter (where deals.is_linked_to_chat), count(*), 100)
    end as linked_share,
    min(deals.first_contact_seconds) as first_contact_seconds_min,
    count(distinct deals.currency_code) as currency_count
from {{ table }} as deals
cross join chats
group by deals.source_slug
order by deals.source_slug
