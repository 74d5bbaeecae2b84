-- Raw payments, one row per source name.
with

events as (

    select
        source_name as source,
        paid_at as happened_at,
        payment_type as category,
        try_cast(_dlt_load_id as double) as loaded_epoch
    from {{ table }}

),

{{ rhythm }},

{{ freshness }},

measured as (

    select
        source_name as source,
        count(*) as row_count,
        min(amount) as amount_min,
        count(*) filter (where payment_type = 'refund' and amount < 0) as negative_refund_count,
        share(count(*) filter (where amount = 0), count(*), 20) as zero_share,
        share(count(*) filter (where payment_type = 'refund'), count(*), 20) as refund_share,
        share(
            count(*) filter (where deal_id is null and contact_id is null), count(*), 20
        ) as unlinked_share,
        count(*) filter (where paid_at < {{ oldest }}) as ancient_count,
        count(*) filter (where paid_at > {{ latest }}) as future_count,
        share(count(*) filter (where paid_at > {{ latest }}), count(*), 1) as future_share,
        count(*) filter (where not is_pseudonym(contact_id)) as clear_contact_count
    from {{ table }}
    group by source_name

)

select
    measured.*,
    volume.volume_ratio,
    freshness.silence_ratio
from measured
left join volume on measured.source = volume.source
left join freshness on measured.source = freshness.source
order by measured.source
