{{ config(materialized='view') }}
{{ resolve_authors('stg_tabular__messages') }}
