{{ stage_authors('raw_tabular') }}
