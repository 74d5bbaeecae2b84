{{ stage_entity('raw_tabular', 'ratings', ['rating_id'], 'rated_at') }}
