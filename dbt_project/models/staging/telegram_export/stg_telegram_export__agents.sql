{{ stage_entity('raw_telegram_export', 'agents', ['agent_id', 'valid_from']) }}
