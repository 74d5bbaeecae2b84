{{ config(materialized='view') }}
{{ union_of_crms('int_contact_points', [
    'source_slug', 'contact_id', 'contact_key', 'point_type', 'point_id', 'updated_at',
]) }}
