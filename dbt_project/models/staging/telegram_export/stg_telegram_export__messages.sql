{{ stage_messages('raw_telegram_export') }}
