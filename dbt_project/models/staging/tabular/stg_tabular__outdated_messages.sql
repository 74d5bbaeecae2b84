{{ config(materialized='table') }}
{{ outdated_messages(ref('stg_tabular__message_versions')) }}
