{{ config(materialized='table') }}
{{ outdated_messages(ref('stg_whatsapp_export__message_versions')) }}
