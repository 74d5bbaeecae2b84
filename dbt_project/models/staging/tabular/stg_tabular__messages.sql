{{ stage_messages('raw_tabular', ref('int_touched_threads')) }}
