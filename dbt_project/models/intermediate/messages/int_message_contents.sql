{{ config(materialized='view') }}
{#
    What messages hold, whoever wrote them, in all their versions: models that know a message by its
    number join this instead of int_messages__unioned, which tells latest versions and authors.
#}
{% for name in chat_sources() -%}
select
    message_num,
    source_slug,
    thread_id,
    message_id,
    channel_type,
    channel_account_id,
    is_group,
    event_type,
    message_seq,
    sent_at,
    edited_at,
    deleted_at,
    is_public,
    is_template,
    content_type,
    text,
    text_length,
    reply_to_message_id,
    source_conversation_id,
    load_id
from {{ ref('stg_' ~ name ~ '__message_versions') }}
{{ 'union all' if not loop.last }}
{% endfor %}
