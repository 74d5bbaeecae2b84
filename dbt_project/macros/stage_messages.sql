{#
    Staging of a chat source: one row per version of a message that any file held.

    Raw tables keep them all (their key is the content); stage_messages() chooses, so the choice does
    not depend on the order in which files were loaded. Of an increment only the messages of `threads`
    (a relation of source_slug, thread_id) are staged.
#}
{% macro stage_message_versions(slug, threads) -%}
select
    {{ message_num('messages', slug) }} as message_num,
    messages.row_key,
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
from {{ source('raw_' ~ slug, 'messages') }} as messages
{%- if is_increment() %}
inner join {{ threads }} as threads
    on messages.source_name = threads.source_slug and messages.thread_id = threads.thread_id
{%- endif %}
{%- endmacro %}

{# The latest version of each message, given the relations of its versions and of outdated ones. #}
{% macro stage_messages(versions, outdated) -%}
select versions.*
from {{ versions }} as versions
left join {{ outdated }} as outdated on versions.message_num = outdated.message_num
where outdated.message_num is null
{%- endmacro %}

{#
    Versions of messages that a later one replaced: one that was edited later, or in a source that is
    polled one that was loaded later.
#}
{% macro outdated_messages(versions, is_polled=false) -%}
{% set identity = hash_number(['source_slug', 'thread_id', 'message_id']) -%}
with

versions as (

    select * from {{ versions }}

),

-- Messages of which files hold several versions, by hash; a collision only adds a candidate.
repeated as (

    select {{ identity }} as identity_hash
    from versions
    group by {{ identity }}
    having count(*) > 1

),

ranked as (

    select
        message_num,
        row_number() over (
            partition by source_slug, thread_id, message_id
            order by edited_at desc nulls last,
                {%- if is_polled %} load_id desc,{% endif %} row_key desc
        ) as version_rank
    from versions
    where {{ identity }} in (select identity_hash from repeated)

)

select message_num from ranked
where version_rank > 1
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
