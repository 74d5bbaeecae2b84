"""Who wrote: pseudonyms of authors and chats, counts for «who is us», rows about people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipelines.sources._common.contracts import stable_hash
from pipelines.sources._common.exports import AuthorCount, ExportSummary
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.telegram_export.settings import PERSONAL_CHAT


@dataclass(slots=True)
class Author:
    """One (id, name) pair of a file."""

    source: str | None  # "user111", in clear
    name: str | None  # in clear
    source_id: str | None  # pseudonyms from here on
    name_id: str | None
    messages: int = 0


class AuthorBook:
    """Authors of a file by what the file says about them; each is pseudonymised once."""

    def __init__(self, pseudonymizer: Pseudonymizer) -> None:
        self._pseudonymizer = pseudonymizer
        self._authors: dict[tuple[Any, Any], Author] = {}

    def find(self, raw_id: Any, raw_name: Any) -> Author:
        """The author of an item: `from_id` and `from`, or `actor_id` and `actor`."""
        try:
            return self._authors[raw_id, raw_name]
        except KeyError:
            author = self._authors[raw_id, raw_name] = self._make(raw_id, raw_name)
            return author
        except TypeError:  # a list or an object where a word belongs: nobody known
            return self.find(None, None)

    def count_into(self, summary: ExportSummary) -> None:
        """Move the counts gathered since the last call into the summary."""
        for author in self._authors.values():
            if author.messages:
                key = (author.source, author.name)
                total = summary.authors.setdefault(key, AuthorCount(*key))
                total.messages += author.messages
                summary.messages += author.messages
                author.messages = 0

    def _make(self, raw_id: Any, raw_name: Any) -> Author:
        source = normalise_author_id(raw_id)
        name = (raw_name.strip() or None) if isinstance(raw_name, str) else None
        return Author(
            source,
            name,
            self._pseudonymizer.optional("telegram_user", source),
            self._pseudonymizer.optional("name", name),
        )


def normalise_author_id(value: Any) -> str | None:
    """ "user111", "channel5", "chat7" as they are; the bare number of old exports → "user111"."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return f"user{value}"
    if not isinstance(value, str) or not value.strip():
        return None
    value = value.strip()
    return f"user{value}" if value.removeprefix("-").isdecimal() else value


def clear_name(fields: dict[str, Any]) -> str | None:
    """First and last name of the exporter's person objects."""
    parts = (fields.get("first_name"), fields.get("last_name"))
    return (
        " ".join(part.strip() for part in parts if isinstance(part, str) and part.strip()) or None
    )


@dataclass(slots=True)
class Staff:
    """Finds out who the company is, from evidence inside the file only.

    The owner of a whole account is us. In a personal chat with user N everybody but `user<N>` is
    us, once `user<N>` was met as an author: files exist whose chat id is not the peer's id.
    """

    owner: str | None = None
    _told: set[str] = field(default_factory=set)

    def own(self, fields: dict[str, Any]) -> tuple[str, str | None] | None:
        """Take `personal_information`; returns (id, name in clear), once."""
        user_id = normalise_author_id(fields.get("user_id"))
        if user_id is None or user_id in self._told:
            return None
        self.owner = user_id
        self._told.add(user_id)
        return user_id, clear_name(fields)

    def of_chat(
        self, chat_type: str | None, chat_id: str | None, authors: dict[str, str | None]
    ) -> list[tuple[str, str | None]]:
        """Take the authors of a finished chat (id → name); returns those newly known to be us."""
        peer = f"user{chat_id}"
        if self.owner or chat_type != PERSONAL_CHAT or chat_id is None or peer not in authors:
            return []
        found = [(author, name) for author, name in authors.items() if author != peer]
        news = [pair for pair in found if pair[0] not in self._told]
        self._told.update(author for author, _ in news)
        return news


def agent_row(
    source_name: str, pseudonymizer: Pseudonymizer, person: str, name: str | None
) -> dict[str, object]:
    """A row of `agents`; the name stays in clear, staff names are shown."""
    agent_id = pseudonymizer.pseudonym("telegram_user", person)
    return {
        "row_key": stable_hash((source_name, "agent", agent_id, name)),
        "source_name": source_name,
        "agent_id": agent_id,
        "agent_name": name,
        "role": "agent",
    }


def contact_row(
    source_name: str, pseudonymizer: Pseudonymizer, fields: Any
) -> dict[str, object] | None:
    """A row of `contacts` for an entry of the address book; None where it identifies nobody."""
    if not isinstance(fields, dict):
        return None
    user_id = fields.get("user_id")
    # Zero stands for a number in the address book that has no Telegram account.
    person = normalise_author_id(user_id) if user_id else None
    phone = _international(fields.get("phone_number"))
    messenger_id = pseudonymizer.optional("telegram_user", person)
    contact_id = messenger_id or pseudonymizer.optional("contact", phone)
    if contact_id is None:
        return None
    phone_id = pseudonymizer.optional("phone", phone)
    return {
        "row_key": stable_hash((source_name, "contact", contact_id, phone_id)),
        "source_name": source_name,
        "contact_id": contact_id,
        "phone_id": phone_id,
        "messenger_id": messenger_id,
    }


def _international(phone: Any) -> str | None:
    if not isinstance(phone, str) or not any(map(str.isdigit, phone)):
        return None
    phone = phone.strip()
    return f"+{phone[2:]}" if phone.startswith("00") else phone
