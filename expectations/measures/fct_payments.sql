-- Published payments, one row per source.
select
    source_slug as source,
    count(*) as row_count,
    min(amount) as amount_min,
    share(
        count(*) filter (
            where signed_amount <> case when payment_type = 'refund' then -amount else amount end
        ),
        count(*),
        1
    ) as wrong_sign_share,
    share(count(*) filter (where deal_key is null), count(*), 20) as deal_null_share,
    case
        when sum(amount) filter (where payment_type = 'payment') > 0 and count(*) >= 20
            then
                coalesce(sum(amount) filter (where payment_type = 'refund'), 0)
                / sum(amount) filter (where payment_type = 'payment')
    end as refunded_amount_share,
    count(distinct currency_code) as currency_count
from {{ table }}
group by source_slug
order by source_slug
