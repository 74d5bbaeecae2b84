{{ config(materialized='view') }}
{{ resolve_authors(ref('stg_bitrix24__messages'), ref('int_thread_askers')) }}
