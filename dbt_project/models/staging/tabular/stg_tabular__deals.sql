{{ stage_entity('raw_tabular', 'deals', ['deal_id'], 'updated_at') }}
