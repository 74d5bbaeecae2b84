{{ config(materialized='table') }}
{{ outdated_messages(ref('stg_bitrix24__message_versions'), is_polled('bitrix24')) }}
