{{ union_of_crms('int_deals', [
    'source_slug', 'deal_id', 'deal_key', 'pipeline_id', 'pipeline', 'stage_id', 'stage',
    'stage_order', 'status', 'lost_reason', 'amount', 'paid_amount', 'currency_code', 'created_at',
    'updated_at', 'closed_at', 'first_contact_seconds', 'contact_id', 'company_id', 'thread_id',
    'owner_id', 'owner_name', 'team', 'lead_source', 'campaign', 'product', 'custom_fields',
]) }}
