"""Is this a Telegram Desktop export? One rule for the quick look and for the full read."""

from __future__ import annotations

from typing import Any, Final

from pipelines.sources.telegram_export.settings import (
    CHAT_LISTS,
    CHAT_TYPES,
    CONTACTS_KEY,
    MESSAGE_KINDS,
    MESSAGES_KEY,
    OWNER_KEY,
)

_MESSAGE_MARKS: Final = ("id", "date", "date_unixtime")


def recognise(root: dict[str, Any]) -> bool | None:
    """Judge a document by what is read of it; None: go on reading.

    Chat types and address-book entries are Telegram's own words; a bare list of `messages` must
    hold messages that look like Telegram's, because other programs use that key as well.
    """
    if isinstance(root.get(OWNER_KEY), dict):
        return True
    verdicts = [_recognise_chats(root[key]) for key in CHAT_LISTS if key in root]
    if isinstance(contacts := root.get(CONTACTS_KEY), dict):
        verdicts.append(_recognise_contacts(contacts))
    if MESSAGES_KEY in root or "type" in root:
        verdicts.append(_recognise_chat(root))
    if True in verdicts:
        return True
    return False if False in verdicts else None


def _recognise_chats(container: Any) -> bool | None:
    if not isinstance(container, dict):
        return False
    chats = container.get("list")
    if chats is None:
        return None
    if not isinstance(chats, list):
        return False
    if not chats:
        return True  # «chats» with a «list»: an account without chats is an export, too
    verdict = _recognise_chat(chats[0]) if isinstance(chats[0], dict) else False
    return False if verdict is None and len(chats) > 1 else verdict


def _recognise_contacts(container: dict[str, Any]) -> bool | None:
    people = container.get("list")
    if not isinstance(people, list) or not people or not isinstance(people[0], dict):
        return None
    return True if "user_id" in people[0] and "first_name" in people[0] else None


def _recognise_chat(chat: dict[str, Any]) -> bool | None:
    kind = chat.get("type")
    if isinstance(kind, str) and kind in CHAT_TYPES:
        return True
    messages = chat.get(MESSAGES_KEY)
    if not isinstance(messages, list) or not messages:
        return None
    first = messages[0]
    if isinstance(first, dict):
        kind = first.get("type")
        if (
            isinstance(kind, str)
            and kind in MESSAGE_KINDS
            and any(mark in first for mark in _MESSAGE_MARKS)
        ):
            return True
    return False if len(messages) > 1 else None
