"""A session of an open line, as its history tells it, in rows of the message contract.

Who wrote follows from the documented marks of users: a connector's user is the customer, a bot is a
bot, sender 0 is the portal itself, everybody else is an operator. The thread is the chat, which
goes on over many sessions; sessions are the platform's conversations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from pipelines.sources._common.fields import (
    FieldError,
    Json,
    boolean,
    integer,
    nested,
    objects,
    required_instant,
    required_integer,
    text,
)
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.bitrix24.rows import Row, author_of_user, messenger_account

# Ids of the vendor's own connectors, as `imconnector.list` documents them.
_CONNECTORS: Final = {
    "livechat": "livechat", "telegrambot": "telegram", "whatsappbytwilio": "whatsapp",
    "whatsappbyedna": "whatsapp", "avito": "avito", "viber": "viber", "imessage": "imessage",
    "vkgroup": "vk", "ok": "ok", "facebook": "facebook", "facebookcomments": "facebook",
    "fbinstagramdirect": "instagram", "network": "bitrix24_network",
    "notifications": "notifications",
}  # fmt: skip
# Words in the ids of other makers' connectors: wz_telegram_..., olchat_wa_connector_2.
_WORDS: Final = {
    "telegram": "telegram", "tg": "telegram", "whatsapp": "whatsapp", "wa": "whatsapp", "vk": "vk",
    "viber": "viber", "instagram": "instagram", "facebook": "facebook", "avito": "avito",
    "max": "max",
}  # fmt: skip
_FILES: Final = {"image": "image", "video": "video", "audio": "voice"}
# What makes another version of a message.
_CONTENT: Final = (
    "sent_at", "author_type", "author_source_id", "content_type", "text", "reply_to_message_id",
    "source_conversation_id", "channel_account_id", "event_type",
)  # fmt: skip


@dataclass
class SessionRows:
    """What a session brings: rows of messages with their keys, and what could not be used."""

    chat_id: str
    connector_id: str
    messages: list[tuple[tuple[object, ...], Row]] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)  # message and reason


@dataclass(frozen=True)
class _Chat:
    """The chat that a session is part of; `code` is connector, line, chat and user outside."""

    chat_id: str
    code: tuple[str, ...]
    users: Json
    files: Json
    staff: frozenset[int]
    people: Pseudonymizer


def channel_type(connector: str) -> str:
    """Return the messenger behind a connector; of an unknown one its own id."""
    name = connector.lower()
    if name in _CONNECTORS:
        return _CONNECTORS[name]
    words = re.split(r"[^a-z0-9]+", name)
    known = next((_WORDS[word] for word in words if word in _WORDS), None)
    plain = "_".join(word for word in words if word)
    return known or (plain if plain[:1].isalpha() else f"connector_{plain}")


def session_rows(
    session: Row, history: Json, people: Pseudonymizer, staff: frozenset[int]
) -> SessionRows:
    """Return the rows of a session.

    Args:
        session: its activity, see `ACTIVITIES`.
        history: what `imopenlines.session.history.get` answers.
        staff: ids of the portal's users, also of those who left.

    Raises:
        FieldError: the history is not what the API documents; of it nothing can be used.
    """
    chat = _chat(history, people, staff)
    found = SessionRows(chat.chat_id, chat.code[0])
    shared = {
        "channel_type": channel_type(chat.code[0]),
        "channel_account_id": session["line_id"] or chat.code[1],
        "thread_id": chat.chat_id,
        "thread_type": "personal",
        "is_group": False,
        "is_public": True,
        "is_template": False,
        "source_conversation_id": str(session["session_id"]),
    }
    for key, item in _members(history, "message").items():
        try:
            if not isinstance(item, dict):
                raise FieldError("message", "an object", item)
            row = shared | _message(item, chat)
        except FieldError as error:
            found.rejected.append((key, str(error)))
            continue
        found.messages.append((_key(row), row))
    end = session["ended_at"] if session["is_completed"] else None
    if end is not None and found.messages:
        last = max(row["message_seq"] for _, row in found.messages)
        row = shared | _close(session["session_id"], end, last)
        found.messages.append((_key(row), row))
    return found


def _chat(history: Json, people: Pseudonymizer, staff: frozenset[int]) -> _Chat:
    chat_id = str(required_integer(history, "chatId"))
    chat = nested(_members(history, "chat"), chat_id)
    code = tuple((text(chat, "entityId") or "").split("|"))
    if len(code) < 4 or not code[0]:
        raise FieldError("entityId", "connector|line|chat|user", None)
    return _Chat(
        chat_id, code, _members(history, "users"), _members(history, "files"), staff, people
    )


def _message(item: Json, chat: _Chat) -> Row:
    number = required_integer(item, "id")
    sender = integer(item, "senderid") or 0
    author_type, author = _author(sender, chat)
    params = nested(item, "params")
    files = _file_ids(params)
    # The portal's own lines name people, and nobody said them.
    is_said = author_type != "system"
    said = (text(item, "text") or "") if is_said else ""
    reply = integer(params, "replyId")
    user = _user(sender, chat)
    name = text(user, "name") if user else None
    is_customer = author_type == "customer"
    return {
        "message_id": str(number),
        "message_seq": number,
        "event_type": "message" if is_said else "service",
        "sent_at": required_instant(item, "date"),
        "author_type": author_type,
        "author_source_id": author,
        "author_name_id": chat.people.optional("name", name),
        # Names of employees are public in the company.
        "author_name": None if is_customer or author_type == "unknown" else name or None,
        "content_type": _content_type(files, said, chat) if is_said else "other",
        "text": chat.people.mask(said).replace("\0", "") or None,
        "text_length": len(said),
        "reply_to_message_id": None if reply is None else str(reply),
        "source_metadata": orjson.dumps({"file_ids": files}).decode() if files else None,
    }


def _author(sender: int, chat: _Chat) -> tuple[str, str | None]:
    """Return the type and the pseudonym of an author, as it was when the session was read."""
    if sender == 0:
        return "system", None
    user = _user(sender, chat)
    is_theirs = str(sender) == chat.code[3]
    if user is None:
        # An account that is gone; the portal may know it still.
        kind = "customer" if is_theirs else "agent" if sender in chat.staff else "unknown"
    elif boolean(user, "connector"):
        kind = "customer"
    else:
        kind = "bot" if boolean(user, "bot") else "agent"
    if kind != "customer":
        return kind, author_of_user(sender, chat.people)
    if is_theirs:
        return kind, chat.people.pseudonym(*messenger_account("|".join(("imol", *chat.code)), ""))
    # Somebody else in the same chat, as in comments below a post.
    return kind, chat.people.pseudonym("contact", f"{chat.code[0]}|user{sender}")


def _user(number: int, chat: _Chat) -> Json | None:
    return nested(chat.users, str(number)) or None


def _file_ids(params: Json) -> list[int]:
    given = params.get("fileId") or []
    ids = given if isinstance(given, list) else [given]
    return [required_integer({"fileId": item}, "fileId") for item in ids]


def _content_type(files: list[int], said: str, chat: _Chat) -> str:
    if files:
        return _FILES.get(text(nested(chat.files, str(files[0])), "type") or "", "file")
    return "text" if said else "other"


def _close(session_id: int, at: Any, last: int) -> Row:
    """Return the event that ends a session; it comes behind the messages of its second."""
    return {
        "message_id": f"session{session_id}", "message_seq": last, "event_type": "close",
        "sent_at": at, "author_type": "system", "author_source_id": None, "content_type": "other",
        "text": None, "text_length": 0, "reply_to_message_id": None,
    }  # fmt: skip


def _key(row: Row) -> tuple[object, ...]:
    """Name a version of a message: its content is part of it, so a known one is never rewritten."""
    return (row["thread_id"], row["message_id"], *(row[name] for name in _CONTENT))


def _members(row: Json, name: str) -> Json:
    """Return an object keyed by ids; PHP writes one whose keys happen to count as a list."""
    if isinstance(row.get(name), list):
        return {str(item.get("id", place)): item for place, item in enumerate(objects(row, name))}
    return nested(row, name)
