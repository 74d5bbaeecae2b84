{{ config(materialized='table' if is_increment() else 'view') }}
{{ stage_message_versions('tabular', ref('int_touched_threads')) }}
