"""Pieces of a Telegram Desktop export: instants, texts with entities, phones."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from pipelines.sandbox.people import spoken_phone

_ENTITY: Final = re.compile(
    r"(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<link>https?://[^\s]+|(?<![\w@])zerno-par\.example[^\s.,]*)"
    r"|(?P<phone>\+\d[\d ()-]{9,16}\d)"
    r"|(?P<bot_command>(?<!\S)/[a-z]+)"
)


def to_json(value: object) -> str:
    """JSON on one line."""
    # Telegram Desktop keeps Cyrillic as it is.
    return json.dumps(value, ensure_ascii=False)


def spaced(phone: str) -> str:
    """A number as Telegram shows it."""
    return spoken_phone(phone).replace("-", " ")


def instant_of(name: str, at: datetime, zone: ZoneInfo) -> dict[str, str]:
    """`date` in local time without offset, `date_unixtime` as a string."""
    local = at.astimezone(zone).replace(tzinfo=None)
    return {name: local.isoformat(timespec="seconds"), f"{name}_unixtime": str(int(at.timestamp()))}


def text_of(text: str) -> dict[str, Any]:
    """`text` (a string, or a list with entities) and `text_entities`."""
    entities: list[dict[str, str]] = []
    done = 0
    for found in _ENTITY.finditer(text):
        if found.start() > done:
            entities.append({"type": "plain", "text": text[done : found.start()]})
        entities.append({"type": found.lastgroup or "plain", "text": found.group()})
        done = found.end()
    if done < len(text):
        entities.append({"type": "plain", "text": text[done:]})
    if all(entity["type"] == "plain" for entity in entities):
        return {"text": text, "text_entities": entities}
    mixed = [row["text"] if row["type"] == "plain" else row for row in entities]
    # Recent versions end the list by a string, be it empty.
    return {
        "text": mixed if isinstance(mixed[-1], str) else [*mixed, ""],
        "text_entities": entities,
    }
