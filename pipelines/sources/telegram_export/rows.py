"""One message of an export → one row of the raw table `messages`."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources._common.contracts import MESSAGES, stable_hashes
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
# The cells that `MessageRows.add` gives, in its order. Texts are the originals and the key is not
# made yet; the rest of the contract is constant.
_GATHERED: Final = (
    "facts", "thread_id", "thread_type", "is_group", "message_id", "message_seq", "event_type",
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
        self._people = pseudonymizer
        self._authors = authors
        self._zone = zone
        # Row after row in one flat list: the garbage collector would walk over tuples of rows.
        self._values: list[Any] = []
        self._extend = self._values.extend

    def __len__(self) -> int:
        return len(self._values) // len(_GATHERED)

    def add(self, chat: Chat, position: int, item: Any) -> None:
        """Add the row of an item; `position` is its number in the chat, from 1.

        Raises:
            RejectedItemError, NoInstantError: no row was added.
        """
        # The usual case first here and below: this function is most of what a message costs.
        service = not (type(item) is dict and item.get("type") == "message") and _is_service(item)
        sent = sent_microseconds(item, self._zone)
        edited = None
        if "edited" in item or "edited_unixtime" in item:
            edited = edited_microseconds(item, self._zone)
        if service:
            author = self._authors.find(item.get("actor_id"), item.get("actor"))
        else:
            author = self._authors.find(item.get("from_id"), item.get("from"))
            author.messages += 1
            if author is not chat.last_author:
                _note_author(chat, author)
        text = item.get("text")
        original = text if type(text) is str and text else original_text(item) or None
        length = len(original) if original else 0
        if service or not item.keys().isdisjoint(SPECIAL_KEYS):
            content = "other" if service else content_type(item, original or "")
            metadata = to_json(chat.facts | item_metadata(item))
            if original is None and content == "sticker":
                # The length stays 0: nobody typed the emoji of a sticker.
                emoji = item.get("sticker_emoji")
                original = emoji if isinstance(emoji, str) and emoji else None
        else:
            content, metadata = "text", chat.plain_metadata
        number = message_number(item.get("id"))
        # An answer to a message of another chat: that number would name a stranger here.
        answered = item.get("reply_to_message_id") if "reply_to_peer_id" not in item else None
        reply = None if answered is None else message_number(answered)
        kind = "service" if service else "message"
        who = author.source_id or author.name_id
        if number is None:
            text = self._people.mask(original).replace("\0", "") if original else None
            message_id = content_id(chat, sent, (who, kind, text, content))
        else:
            message_id = str(number)
        # Ids, numbers and fixed words hold no separator, so joining them is unambiguous. Names are
        # left out: a person who is renamed has not written anew. Reactions are left out as well.
        facts = (
            f"{self._source_name}|{chat.thread_id}|{message_id}"
            f"|{kind}|{sent}|{edited}|{who}|{content}|{reply}"
        )
        self._extend(
            (
                facts, chat.thread_id, chat.thread_type, chat.is_group, message_id,
                position if number is None else number, kind, sent, edited,
                "system" if service else None, author.source_id, author.name_id, content, original,
                length, None if reply is None else str(reply), metadata,
            )
        )  # fmt: skip

    def table(self) -> pa.Table:
        """The rows gathered since the last call, as a table of the contract."""
        count, width = len(self), len(_GATHERED)
        gathered = {name: self._values[at::width] for at, name in enumerate(_GATHERED)}
        self._values.clear()
        self._note_moments(gathered["event_type"], gathered["sent_at"])
        texts = self._masked(gathered["text"])
        constant = {
            "source_name": self._source_name,
            "channel_type": CHANNEL_TYPE,
            "channel_account_id": self.account_id,
            "is_public": True,
            "is_template": False,
        }
        columns = []
        for column in MESSAGES:
            if column.name == "row_key":
                # The hash of what is stored, so the texts must be masked before.
                columns.append(pa.array(stable_hashes(gathered["facts"], texts), column.type))
            elif column.name == "text":
                columns.append(texts)
            elif column.name in gathered:
                columns.append(pa.array(gathered[column.name], column.type))
            else:
                value = pa.scalar(constant.get(column.name), column.type)
                columns.append(pa.repeat(value, count))
        return pa.Table.from_arrays(columns, schema=MESSAGES)

    def _masked(self, originals: list[str | None]) -> pa.Array:
        """Texts as they may be stored: Postgres takes no NUL."""
        texts = self._people.mask_column(pa.array(originals, pa.string()))
        # Looked for in the bytes of all texts at once: hardly any file holds one.
        data = texts.buffers()[2]
        has_nul = data is not None and b"\0" in data.to_pybytes()
        return pc.replace_substring(texts, "\0", "") if has_nul else texts

    def _note_moments(self, kinds: list[str], moments: list[int]) -> None:
        written = [at for kind, at in zip(kinds, moments, strict=True) if kind == "message"]
        if written:
            first, last = min(written), max(written)
            self.first = first if self.first is None else min(self.first, first)
            self.last = last if self.last is None else max(self.last, last)


def _note_author(chat: Chat, author: Author) -> None:
    """Remember who writes in a chat; of several names of one id the last one used."""
    chat.last_author = author
    if author.source and (author.name or author.source not in chat.authors):
        chat.authors[author.source] = author.name


def message_number(value: Any) -> int | None:
    """A message id; negative for messages from before a group was migrated; else null."""
    if type(value) is int:  # nearly all
        return value if -_INT64_LIMIT <= value < _INT64_LIMIT else None
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
