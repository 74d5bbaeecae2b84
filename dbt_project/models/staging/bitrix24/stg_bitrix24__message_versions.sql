{{ config(materialized='table' if is_increment() else 'view') }}
{{ stage_message_versions('bitrix24', ref('int_touched_threads')) }}
