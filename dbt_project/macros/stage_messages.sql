{#
    Staging of a chat source: one row per message, its latest version.

    Raw tables keep every version of a message that any file held (their key is the content), so the
    choice is made here and does not depend on the order in which files were loaded. Of an increment
    only the messages of `threads` (a relation of source_slug, thread_id) are staged.
#}
{% macro stage_messages(source_name, threads) -%}
with

{% if is_increment() -%}
raw_messages as (

    select messages.*
    from {{ source(source_name, 'messages') }} as messages
    inner join {{ threads }} as threads
        on messages.source_name = threads.source_slug and messages.thread_id = threads.thread_id

),

{% endif -%}
{% set raw_messages = 'raw_messages' if is_increment() else source(source_name, 'messages') -%}
-- Messages of which files hold several versions, by hash; a collision only adds a candidate.
repeated as (

    select {{ hash_number(['source_name', 'thread_id', 'message_id']) }} as identity_hash
    from {{ raw_messages }}
    group by {{ hash_number(['source_name', 'thread_id', 'message_id']) }}
    having count(*) > 1

),

versions as (

    select
        row_key,
        row_number() over (
            partition by source_name, thread_id, message_id
            order by edited_at desc nulls last, row_key desc
        ) as version_rank
    from {{ raw_messages }}
    where
        {{ hash_number(['source_name', 'thread_id', 'message_id']) }} in (
            select identity_hash from repeated
        )

),

outdated as (

    select row_key from versions
    where version_rank > 1

)

select
    messages.source_name as source_slug,
    messages.channel_type,
    messages.channel_account_id,
    messages.thread_id,
    messages.thread_type,
    messages.is_group,
    messages.message_id,
    messages.message_seq,
    messages.event_type,
    messages.sent_at,
    messages.edited_at,
    messages.deleted_at,
    messages.delivered_at,
    messages.read_at,
    messages.author_type as source_author_type,
    coalesce(messages.author_source_id, messages.author_name_id) as author_source_id,
    messages.author_name_id,
    messages.author_name,
    messages.is_public,
    messages.is_template,
    messages.content_type,
    messages.text,
    messages.text_length,
    messages.reply_to_message_id,
    messages.source_conversation_id,
    messages.referral,
    messages.source_metadata,
    messages._dlt_load_id as load_id
from {{ raw_messages }} as messages
left join outdated on messages.row_key = outdated.row_key
where outdated.row_key is null
{%- endmacro %}

{# Who ever wrote in a chat source; versions that were replaced later name their authors too. #}
{% macro stage_authors(source_name) -%}
-- distinct: an author has one row per message
select distinct
    source_name as source_slug,
    coalesce(author_source_id, author_name_id) as author_source_id,
    author_name_id
from {{ source(source_name, 'messages') }}
where coalesce(author_source_id, author_name_id) is not null
{%- endmacro %}

{#
    Staging of a CRM entity: one row per natural key, the version updated last, then loaded last.
#}
{% macro stage_entity(source_name, table_name, keys, updated_at=none) -%}
with

versions as (

    select
        row_key,
        row_number() over (
            partition by source_name{% for column in keys %}, {{ column }}{% endfor %}
            order by
                {% if updated_at %}{{ updated_at }} desc nulls last, {% endif -%}
                _dlt_load_id desc, row_key desc
        ) as version_rank
    from {{ source(source_name, table_name) }}

),

entities as (

    select * from {{ source(source_name, table_name) }}

)

select entities.*
from entities
inner join versions on entities.row_key = versions.row_key
where versions.version_rank = 1
{%- endmacro %}
