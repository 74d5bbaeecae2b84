{{ stage_messages('raw_telegram_export', ref('int_touched_threads')) }}
