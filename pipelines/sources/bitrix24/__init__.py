"""Bitrix24 (cloud REST, batches): deals, leads, people, stage history, vanished records."""
