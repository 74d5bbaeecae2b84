"""HubSpot (CRM API v3/v4): deals, people, history of stages and owners, deletions and merges."""
