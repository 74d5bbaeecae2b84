{{ stage_messages('raw_whatsapp_export') }}
