"""Telegram Desktop exports (`result.json`) as raw messages, agents and contacts."""
