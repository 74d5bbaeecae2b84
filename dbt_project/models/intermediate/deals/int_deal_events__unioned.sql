{{ config(materialized='view') }}
{{ union_of_crms('int_deal_events', [
    'source_slug', 'deal_event_id', 'deal_id', 'deal_key', 'event_type', 'from_pipeline',
    'from_stage', 'to_pipeline', 'to_stage', 'occurred_at', 'actor_id',
]) }}
