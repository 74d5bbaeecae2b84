{{ stage_entity('raw_tabular', 'deal_events', ['deal_event_id'], 'occurred_at') }}
