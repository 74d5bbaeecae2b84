{{ stage_entity('raw_tabular', 'payments', ['payment_id']) }}
