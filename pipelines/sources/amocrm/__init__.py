"""amoCRM and Kommo (API v4): deals, people, stage history, deletions and merges."""
