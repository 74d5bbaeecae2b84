{{ config(materialized='view') }}
{{ resolve_authors(ref('stg_whatsapp_export__messages'), ref('int_thread_askers')) }}
