{{ stage_authors('raw_whatsapp_export') }}
