{{ stage_entity('raw_whatsapp_export', 'agents', ['agent_id', 'valid_from']) }}
