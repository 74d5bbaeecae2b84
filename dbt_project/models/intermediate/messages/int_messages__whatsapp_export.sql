{{ config(materialized='view') }}
{{ resolve_authors('stg_whatsapp_export__messages') }}
