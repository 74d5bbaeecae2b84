{{ stage_entity('raw_tabular', 'spend', ['spend_id']) }}
