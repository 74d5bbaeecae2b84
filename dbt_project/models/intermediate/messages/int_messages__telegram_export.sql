{{ config(materialized='view') }}
{{ resolve_authors(ref('stg_telegram_export__messages'), ref('int_thread_askers')) }}
