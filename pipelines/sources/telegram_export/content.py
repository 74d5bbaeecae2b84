"""What a message says: text, kind of content and the facts about it that name nobody."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final

from pipelines.sources.telegram_export.settings import (
    KEY_CONTENT_TYPES,
    MEDIA_CONTENT_TYPES,
    OTHER_CONTENT_KEYS,
)

# Vocabulary of the exporter (actions, media types): anything else could be a person's words.
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


def original_text(item: dict[str, Any]) -> str:
    """The text as written, "" where there is none.

    `text` decides when it holds anything and `text_entities` fills in otherwise: Telegram writes
    both from one list, so they differ only in files that other tools have shortened, and those
    put placeholders («...») into the entities.
    """
    text = item.get("text")
    if isinstance(text, str):
        if text:
            return text
    elif text and (joined := _join(text)):
        return joined
    entities = item.get("text_entities")
    return _join(entities) if entities else ""


def content_type(item: dict[str, Any], text: str) -> str:
    """One of the contract's content types for an item with more than text in it."""
    media = item.get("media_type")
    if isinstance(media, str) and media in MEDIA_CONTENT_TYPES:
        return MEDIA_CONTENT_TYPES[media]
    for key, kind in KEY_CONTENT_TYPES.items():
        if key in item:
            return kind
    if media or (not text and any(key in item for key in OTHER_CONTENT_KEYS)):
        return "other"
    return "text"


def item_metadata(item: dict[str, Any]) -> dict[str, object]:
    """Facts of one item for `source_metadata`; no names, titles, phones, links or file names."""
    facts: dict[str, object] = {}
    for key, name in (("media_type", "media_type"), ("action", "service_action")):
        word = item.get(key)
        if word is not None:
            facts[name] = word if _is_word(word) else "other"
    if (duration := _number(item.get("duration_seconds"))) is not None:
        facts["duration_seconds"] = duration
    if (reason := item.get("discard_reason")) is not None and _is_word(reason):
        facts["discard_reason"] = reason
    if reactions := item.get("reactions"):
        facts["reactions_count"] = _count_reactions(reactions)
    if "forwarded_from" in item or "forwarded_from_id" in item:
        facts["forwarded"] = True
    if item.get("via_bot"):
        facts["via_bot"] = True
    if "reply_to_peer_id" in item:
        facts["reply_to_other_chat"] = True
    if buttons := item.get("inline_bot_buttons"):
        facts["buttons_count"] = sum(len(row) for row in buttons if isinstance(row, list))
    for key in ("contact_information", "contact_vcard"):
        if key in item:
            facts["contact_shared"] = True
    facts.update(_poll(item.get("poll")))
    facts.update(_invoice(item.get("invoice_information")))
    return facts


def to_json(facts: dict[str, object]) -> str | None:
    """The facts as a JSON object with sorted keys, null where there are none."""
    return json.dumps(facts, ensure_ascii=False, sort_keys=True) if facts else None


def _join(parts: Any) -> str:
    if not isinstance(parts, list):
        return ""
    texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
    return "".join(text for text in texts if isinstance(text, str))


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _number(value: Any) -> int | float | None:
    """A JSON number; ijson gives fractions as Decimal."""
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _count_reactions(reactions: Any) -> int:
    if not isinstance(reactions, list):
        return 0
    counts = [entry.get("count") for entry in reactions if isinstance(entry, dict)]
    return sum(count if isinstance(count, int) else 1 for count in counts)


def _poll(poll: Any) -> dict[str, object]:
    if not isinstance(poll, dict):
        return {}
    facts: dict[str, object] = {"poll": True}
    if isinstance(voters := poll.get("total_voters"), int):
        facts["poll_voters"] = voters
    if isinstance(answers := poll.get("answers"), list):
        facts["poll_answers"] = len(answers)
    return facts


def _invoice(invoice: Any) -> dict[str, object]:
    """Amount (minor units, as Telegram gives it) and currency: an object or JSON in a string."""
    if isinstance(invoice, str):
        try:
            invoice = json.loads(invoice)
        except ValueError:
            return {"invoice": True}
    if not isinstance(invoice, dict):
        return {}
    facts: dict[str, object] = {"invoice": True}
    if (amount := _number(invoice.get("amount"))) is not None:
        facts["invoice_amount_minor"] = amount
    currency = invoice.get("currency")
    if isinstance(currency, str) and re.fullmatch(r"[A-Z]{3}", currency):
        facts["invoice_currency"] = currency
    return facts
