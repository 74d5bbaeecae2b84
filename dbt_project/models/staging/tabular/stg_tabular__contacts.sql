{{ stage_entity('raw_tabular', 'contacts', ['contact_id'], 'updated_at') }}
