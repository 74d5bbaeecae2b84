{{ stage_messages('raw_tabular') }}
