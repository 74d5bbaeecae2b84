-- Published messages, one row per source.
with

events as (

    select
        source_slug as source,
        sent_at as happened_at,
        author_type as category
    from {{ table }}

),

{{ rhythm }},

measured as (

    select
        source_slug as source,
        count(*) as row_count,
        count(*) filter (where has_email(text_masked)) as clear_email_count,
        count(*) filter (where has_phone(text_masked)) as clear_phone_count,
        count(*) filter (where is_suspect(text_masked)) as suspect_text_count,
        share(
            count(*) filter (
                where content_type = 'text' and deleted_at is null and text_masked is null
            ),
            count(*) filter (where content_type = 'text' and deleted_at is null),
            20
        ) as text_null_share,
        share(count(*) filter (where author_type = 'unknown'), count(*), 20)
            as unknown_author_share,
        min(response_seconds) as response_seconds_min,
        max(response_seconds) as response_seconds_max,
        min(effort_seconds) as effort_seconds_min,
        max(effort_seconds) as effort_seconds_max,
        share(
            count(*) filter (where response_seconds = 0), count(response_seconds), 20
        ) as instant_response_share,
        share(count(*) filter (where sent_at > {{ latest }}), count(*), 1) as future_share,
        share(count(*) filter (where customer_key is null), count(*), 100) as customer_null_share
    from {{ table }}
    group by source_slug

)

select
    measured.*,
    volume.volume_ratio,
    volume.mix_shift
from measured
left join volume on measured.source = volume.source
order by measured.source
