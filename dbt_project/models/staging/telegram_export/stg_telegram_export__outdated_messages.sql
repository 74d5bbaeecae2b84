{{ config(materialized='table') }}
{{ outdated_messages(ref('stg_telegram_export__message_versions')) }}
