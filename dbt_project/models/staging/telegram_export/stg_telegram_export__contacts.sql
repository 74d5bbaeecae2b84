{{ stage_entity('raw_telegram_export', 'contacts', ['contact_id'], 'updated_at') }}
