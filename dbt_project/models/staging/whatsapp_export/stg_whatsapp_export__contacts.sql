{{ stage_entity('raw_whatsapp_export', 'contacts', ['contact_id'], 'updated_at') }}
