-- Raw messages of one chat source, one row per source name.
with

events as (

    select
        source_name as source,
        sent_at as happened_at,
        content_type as category,
        try_cast(_dlt_load_id as double) as loaded_epoch
    from {{ table }}
    where event_type = 'message'

),

{{ rhythm }},

{{ freshness }},

measured as (

    select
        source_name as source,
        count(*) as row_count,
        count(*) filter (where event_type = 'message') as message_count,
        count(*) / approx_count_distinct((thread_id, message_id)) as versions_per_message,
        count(*) filter (where sent_at < {{ oldest }}) as ancient_count,
        count(*) filter (where sent_at > {{ latest }}) as future_count,
        share(count(*) filter (where sent_at > {{ latest }}), count(*), 1) as future_share,
        share(
            count(*) filter (
                where event_type = 'message' and author_source_id is null and author_name_id is null
            ),
            count(*) filter (where event_type = 'message'),
            20
        ) as author_null_share,
        share(
            count(*) filter (
                where
                event_type = 'message' and content_type = 'text' and deleted_at is null
                and text is null
            ),
            count(*) filter (
                where event_type = 'message' and content_type = 'text' and deleted_at is null
            ),
            20
        ) as text_null_share,
        share(
            count(*) filter (where event_type = 'message' and content_type = 'other'),
            count(*) filter (where event_type = 'message'),
            20
        ) as other_content_share,
        share(count(*) filter (where edited_at < sent_at), count(edited_at), 20)
            as edited_before_sent_share,
        count(*) filter (where has_email(text)) as clear_email_count,
        count(*) filter (where has_phone(text)) as clear_phone_count,
        count(*) filter (where is_suspect(text)) as suspect_text_count,
        count(*) filter (where has_email(author_name) or has_phone(author_name))
            as clear_contact_name_count,
        count(*) filter (
            where not (is_pseudonym(author_source_id) and is_pseudonym(author_name_id))
        ) as clear_author_count,
        coalesce(max(text_length), 0) as text_length_max,
        coalesce(min(text_length), 0) as text_length_min
    from {{ table }}
    group by source_name

)

select
    measured.*,
    volume.volume_ratio,
    volume.mix_shift,
    volume.same_time_share,
    freshness.silence_ratio
from measured
left join volume on measured.source = volume.source
left join freshness on measured.source = freshness.source
order by measured.source
