{{ config(materialized='view') }}
{{ union_of_crms('int_chat_deal_links', [
    'source_slug', 'deal_id', 'deal_key', 'contact_id', 'chat_source_slug', 'thread_id',
    'source_conversation_id', 'linked_at',
], crms=['tabular', 'amocrm', 'bitrix24', 'hubspot']) }}
