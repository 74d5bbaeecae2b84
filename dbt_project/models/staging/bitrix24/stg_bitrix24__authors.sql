{{ stage_authors('raw_bitrix24') }}
