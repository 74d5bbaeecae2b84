{{ config(materialized='table' if is_increment() else 'view') }}
{% for name in chat_sources() -%}
select
    message_num,
    source_slug,
    channel_type,
    channel_account_id,
    thread_id,
    is_group,
    message_id,
    message_seq,
    event_type,
    sent_at,
    received_at,
    author_type,
    author_source_id,
    author_name,
    staff_id,
    author_team,
    is_public,
    is_template,
    content_type,
    text,
    text_length,
    reply_to_message_id,
    source_conversation_id,
    delivered_at,
    read_at,
    edited_at,
    deleted_at,
    referral,
    source_metadata,
    load_id
from {{ ref('int_messages__' ~ name) }}
{{ 'union all' if not loop.last }}
{% endfor %}
