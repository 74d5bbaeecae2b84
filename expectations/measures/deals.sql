-- Raw deals, one row per source name.
with

events as (

    select
        source_name as source,
        created_at as happened_at,
        status as category,
        try_cast(_dlt_load_id as double) as loaded_epoch
    from {{ table }}
    where created_at is not null

),

{{ rhythm }},

{{ freshness }},

measured as (

    select
        source_name as source,
        count(*) as row_count,
        min(amount) as amount_min,
        case
            when count(*) filter (where amount > 0) >= 100
                then max(amount) / quantile_cont(amount, 0.99) filter (where amount > 0)
        end as amount_max_to_p99,
        share(
            count(*) filter (where status = 'won' and coalesce(amount, paid_amount, 0) = 0),
            count(*) filter (where status = 'won'),
            20
        ) as won_without_amount_share,
        share(
            count(*) filter (where status = 'won'),
            count(*) filter (where status in ('won', 'lost')),
            100
        ) as won_share,
        share(count(*) filter (where created_at is null), count(*), 20) as created_null_share,
        share(
            count(*) filter (where status in ('won', 'lost') and closed_at is null),
            count(*) filter (where status in ('won', 'lost')),
            20
        ) as closed_null_share,
        share(
            count(*) filter (where closed_at < created_at),
            count(*) filter (where closed_at is not null and created_at is not null),
            20
        ) as closed_before_created_share,
        share(
            count(*) filter (where contact_id is null and thread_id is null), count(*), 20
        ) as contact_null_share,
        min(first_contact_seconds) as first_contact_seconds_min,
        count(*) filter (where least(created_at, closed_at) < {{ oldest }}) as ancient_count,
        count(*) filter (where created_at > {{ latest }}) as future_count,
        share(count(*) filter (where created_at > {{ latest }}), count(created_at), 1)
            as future_share,
        count(*) filter (where not is_pseudonym(contact_id)) as clear_contact_count,
        count(*) filter (
            where has_email(concat_ws(' ', stage, pipeline, lost_reason, lead_source, campaign, product))
            or has_phone(concat_ws(' ', stage, pipeline, lost_reason, lead_source, campaign, product))
        ) as clear_label_count
    from {{ table }}
    group by source_name

)

select
    measured.*,
    volume.volume_ratio,
    volume.same_time_share,
    freshness.silence_ratio
from measured
left join volume on measured.source = volume.source
left join freshness on measured.source = freshness.source
order by measured.source
