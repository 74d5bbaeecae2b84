with

messages as (

    select * from {{ ref('int_message_contents') }}

),

rules as (

    select * from {{ ref('stg_otvet__source_rules') }}

),

channels as (

    select * from {{ ref('stg_otvet__channels') }}

),

lines as (

    select * from {{ ref('stg_bitrix24__lines') }}

),

threads as (

    select
        source_slug,
        thread_id,
        min(channel_type) as channel_type,
        min(channel_account_id) as channel_account_id,
        max(case when is_group then 1 else 0 end) = 1 as is_group,
        max(load_id) as last_load_id
    from messages
    group by source_slug, thread_id

)

select
    {{ thread_key('threads') }} as thread_key,
    threads.source_slug,
    threads.thread_id,
    threads.channel_type,
    threads.channel_account_id,
    {{ key(['threads.source_slug', 'threads.channel_type', 'threads.channel_account_id']) }}
        as channel_key,
    threads.is_group,
    threads.last_load_id,
    -- A small integer in the order of the chats: windows sort by it instead of wide text keys.
    cast(row_number() over (order by threads.thread_id, threads.source_slug) as integer)
        as thread_num,
    coalesce(rules.conversation_mode, 'gap') as conversation_mode,
    coalesce(account_channels.team, source_channels.team, rules.team, 'default') as team,
    cast(
        coalesce(
            account_channels.gap_hours * 3600,
            source_channels.gap_hours * 3600,
            {{ var('conversation_gap_seconds') }}
        ) as bigint
    ) * 1000000 as gap_micros,
    coalesce(account_channels.channel_name, source_channels.channel_name, lines.channel_name)
        as channel_name
from threads
left join rules on threads.source_slug = rules.source_slug
left join channels as account_channels
    on
        threads.source_slug = account_channels.source_slug
        and threads.channel_account_id = account_channels.channel_account_id
left join channels as source_channels
    on
        threads.source_slug = source_channels.source_slug
        and source_channels.channel_account_id is null
left join lines
    on
        threads.source_slug = lines.source_slug
        and threads.channel_account_id = lines.channel_account_id
