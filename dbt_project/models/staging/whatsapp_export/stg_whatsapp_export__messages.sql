{{ stage_messages('raw_whatsapp_export', ref('int_touched_threads')) }}
