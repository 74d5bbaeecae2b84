"""One message of an export → one row of the raw table `messages`."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipelines.sources._common.contracts import MESSAGES, stable_hash
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.telegram_export.chats import Chat, content_id
from pipelines.sources.telegram_export.content import (
    content_type,
    item_metadata,
    original_text,
    to_json,
)
from pipelines.sources.telegram_export.instants import edited_microseconds, sent_microseconds
from pipelines.sources.telegram_export.people import Author, AuthorBook
from pipelines.sources.telegram_export.settings import (
    AGAIN_REMEDY,
    CHANNEL_TYPE,
    SPECIAL_KEYS,
)

_INT64_LIMIT: Final = 2**63
# The cells that `MessageRows.add` gives, in its order; the rest of the contract is constant.
_VARYING: Final = (
    "row_key", "thread_id", "thread_type", "is_group", "message_id", "message_seq", "event_type",
    "sent_at", "edited_at", "author_type", "author_source_id", "author_name_id", "content_type",
    "text", "text_length", "reply_to_message_id", "source_metadata",
)  # fmt: skip


class RejectedItemError(Exception):
    """An item that cannot become a row; carries reason and remedy, without personal data."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


class MessageRows:
    """Gathers rows and turns them into tables of the contract."""

    def __init__(
        self,
        source_name: str,
        pseudonymizer: Pseudonymizer,
        authors: AuthorBook,
        zone: ZoneInfo | None,
    ) -> None:
        self.account_id: str | None = None
        self.first: int | None = None  # microseconds, messages without service rows
        self.last: int | None = None
        self._source_name = source_name
        self._mask = pseudonymizer.mask
        self._authors = authors
        self._zone = zone
        self._rows: list[tuple[object, ...]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, chat: Chat, position: int, item: Any) -> None:
        """Add the row of an item; `position` is its number in the chat, from 1.

        Raises:
            RejectedItemError, NoInstantError: no row was added.
        """
        service = _is_service(item)
        sent = sent_microseconds(item, self._zone)
        edited = None
        if "edited" in item or "edited_unixtime" in item:
            edited = edited_microseconds(item, self._zone)
        if service:
            author = self._authors.find(item.get("actor_id"), item.get("actor"))
        else:
            author = self._authors.find(item.get("from_id"), item.get("from"))
            self._count(chat, author, sent)
        content, text, length, metadata = self._content(chat, item, service=service)
        number = message_number(item.get("id"))
        # An answer to a message of another chat: that number would name a stranger here.
        answered = item.get("reply_to_message_id") if "reply_to_peer_id" not in item else None
        reply = None if answered is None else message_number(answered)
        kind = "service" if service else "message"
        who = author.source_id or author.name_id
        if number is None:
            message_id = content_id(chat, sent, (who, kind, text, content))
        else:
            message_id = str(number)
        # Ids, numbers and fixed words hold no separator, so joining them is unambiguous. Names are
        # left out: a person who is renamed has not written anew. Reactions are left out as well.
        place = f"{self._source_name}|{chat.thread_id}|{message_id}"
        facts = f"{place}|{kind}|{sent}|{edited}|{who}|{content}|{reply}"
        row_key = stable_hash((facts, text))
        self._rows.append(
            (
                row_key, chat.thread_id, chat.thread_type, chat.is_group, message_id,
                position if number is None else number, kind, sent, edited,
                "system" if service else None, author.source_id, author.name_id, content, text,
                length, None if reply is None else str(reply), metadata,
            )
        )  # fmt: skip

    def _content(
        self, chat: Chat, item: dict[str, Any], *, service: bool
    ) -> tuple[str, str | None, int, str | None]:
        """Content type, masked text, length of the original text, metadata."""
        original = original_text(item)
        text = self._mask(original) if original else None
        if service or not item.keys().isdisjoint(SPECIAL_KEYS):
            content = "other" if service else content_type(item, original)
            metadata = to_json(chat.facts | item_metadata(item))
            if text is None and content == "sticker" and isinstance(item.get("sticker_emoji"), str):
                # The length stays 0: nobody typed the emoji of a sticker.
                text = self._mask(item["sticker_emoji"]) or None
        else:
            content, metadata = "text", chat.plain_metadata
        if text and "\0" in text:
            text = text.replace("\0", "")  # Postgres takes no NUL
        return content, text, len(original), metadata

    def table(self) -> pa.Table:
        """The rows gathered since the last call, as a table of the contract."""
        rows, self._rows = self._rows, []
        varying = dict(zip(_VARYING, zip(*rows, strict=True), strict=True)) if rows else {}
        constant = {
            "source_name": self._source_name,
            "channel_type": CHANNEL_TYPE,
            "channel_account_id": self.account_id,
            "is_public": True,
            "is_template": False,
        }
        columns = []
        for column in MESSAGES:
            if column.name in varying:
                columns.append(pa.array(varying[column.name], column.type))
            else:
                value = pa.scalar(constant.get(column.name), column.type)
                columns.append(pa.repeat(value, len(rows)))
        return pa.Table.from_arrays(columns, schema=MESSAGES)

    def _count(self, chat: Chat, author: Author, sent: int) -> None:
        author.messages += 1
        if self.first is None or self.last is None:
            self.first = self.last = sent
        elif sent < self.first:
            self.first = sent
        elif sent > self.last:
            self.last = sent
        if author.source and (author.name or author.source not in chat.authors):
            chat.authors[author.source] = author.name


def message_number(value: Any) -> int | None:
    """A message id; negative for messages from before a group was migrated; else null."""
    if value is None:
        return None
    if isinstance(value, str) and value.removeprefix("-").isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if -_INT64_LIMIT <= value < _INT64_LIMIT else None


def _is_service(item: Any) -> bool:
    if not isinstance(item, dict):
        raise RejectedItemError("this is not a message but a bare value", AGAIN_REMEDY)
    kind = item.get("type", "message")
    if kind == "message":
        return False
    if kind == "service":
        return True
    if kind == "unsupported":
        raise RejectedItemError(
            "Telegram Desktop could not export this message (type «unsupported»)", AGAIN_REMEDY
        )
    raise RejectedItemError("the type of this message is unknown", AGAIN_REMEDY)
