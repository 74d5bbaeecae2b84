{{ config(materialized='view') }}
{# How the people of amoCRM accounts are reached; cards that were deleted or merged are none. #}
{{ points_of_contacts('raw_amocrm', 'contact') }}
