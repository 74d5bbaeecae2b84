{{ stage_entity('raw_tabular', 'conversations', ['thread_id', 'source_conversation_id']) }}
