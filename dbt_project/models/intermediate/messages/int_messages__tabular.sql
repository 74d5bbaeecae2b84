{{ config(materialized='view') }}
{{ resolve_authors(ref('stg_tabular__messages'), ref('int_thread_askers')) }}
