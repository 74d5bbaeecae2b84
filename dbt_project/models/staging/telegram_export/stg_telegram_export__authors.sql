{{ stage_authors('raw_telegram_export') }}
