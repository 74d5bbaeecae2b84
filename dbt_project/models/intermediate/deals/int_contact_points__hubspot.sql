{{ config(materialized='view') }}
{# How the people of HubSpot accounts are reached; cards that were deleted or merged are none. #}
{{ points_of_contacts('raw_hubspot', 'contacts') }}
