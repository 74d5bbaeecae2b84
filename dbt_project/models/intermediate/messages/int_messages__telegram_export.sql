{{ config(materialized='view') }}
{{ resolve_authors('stg_telegram_export__messages') }}
