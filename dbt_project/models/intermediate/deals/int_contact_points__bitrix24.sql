{{ config(materialized='view') }}
{# How the people of Bitrix24 portals are reached; cards that are gone are none. #}
{{ points_of_contacts('raw_bitrix24', 'contact') }}
