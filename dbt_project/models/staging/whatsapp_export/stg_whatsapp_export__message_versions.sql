{{ config(materialized='table' if is_increment() else 'view') }}
{{ stage_message_versions('whatsapp_export', ref('int_touched_threads')) }}
