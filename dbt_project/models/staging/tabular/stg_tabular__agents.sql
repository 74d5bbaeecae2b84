{{ stage_entity('raw_tabular', 'agents', ['agent_id', 'valid_from']) }}
