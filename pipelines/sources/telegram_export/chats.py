"""What the rows of one chat have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipelines.sources._common.contracts import stable_hash
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.telegram_export.content import to_json
from pipelines.sources.telegram_export.people import Author
from pipelines.sources.telegram_export.settings import (
    CHAT_TYPES,
    GROUP_TYPES,
    PERSONAL_CHAT,
    SKIPPED_TYPES,
)


@dataclass(slots=True)
class Chat:
    """What the rows of a chat have in common."""

    label: str
    chat_type: str | None
    chat_id: str | None
    thread_id: str
    skipped: bool
    thread_type: str | None = None
    is_group: bool = False
    facts: dict[str, object] = field(default_factory=dict)
    plain_metadata: str | None = None
    authors: dict[str, str | None] = field(default_factory=dict)  # id → name, in clear
    last_author: Author | None = None
    last_moment: int = 0
    met_in_moment: dict[str, int] = field(default_factory=dict)


def open_chat(
    label: str, fields: dict[str, Any], thread: str, pseudonymizer: Pseudonymizer
) -> Chat:
    """Make the common part from a chat's keys and its identity in clear."""
    kind = fields.get("type")
    chat_type = kind if isinstance(kind, str) and kind in CHAT_TYPES else None
    is_group = chat_type in GROUP_TYPES
    facts: dict[str, object] = {"chat_type": chat_type} if chat_type else {}
    return Chat(
        label=label,
        chat_type=chat_type,
        chat_id=chat_identifier(fields),
        thread_id=pseudonymizer.pseudonym("telegram_chat", thread),
        skipped=chat_type in SKIPPED_TYPES,
        thread_type="group" if is_group else "personal" if chat_type == PERSONAL_CHAT else None,
        is_group=is_group,
        facts=facts,
        plain_metadata=to_json(facts),
    )


def chat_identifier(fields: dict[str, Any]) -> str | None:
    """The chat's id as text; null in very old exports."""
    value = fields.get("id")
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return str(value).strip() or None


def content_id(chat: Chat, sent: int, content: tuple[object, ...]) -> str:
    """Id of a message that has none: its moment, content and number among equal ones.

    A position would change when an export begins at another date; equal messages of one moment
    stand together, so only those of the current moment are remembered.
    """
    if sent != chat.last_moment:
        chat.last_moment = sent
        chat.met_in_moment.clear()
    identity = stable_hash((sent, *content))
    number = chat.met_in_moment[identity] = chat.met_in_moment.get(identity, 0) + 1
    return f"h{identity}" if number == 1 else f"h{identity}_{number}"
