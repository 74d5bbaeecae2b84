"""The structure of an export: owner, contacts and chats, taken out while the file is parsed.

After each chunk the finished messages leave the growing document: it stays small, whatever the
file's size, and chats keep their identity, which a stream of `chats.list.item.messages.item` would
lose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ijson

from pipelines.sources.telegram_export.bulk import BulkDocument
from pipelines.sources.telegram_export.settings import (
    CHAT_LISTS,
    CONTACTS_KEY,
    MESSAGES_KEY,
    OWNER_KEY,
    SINGLE_CHAT,
)
from pipelines.sources.telegram_export.sniff import recognise
from pipelines.sources.telegram_export.stream import read_chunks

_READ_KEYS = frozenset({OWNER_KEY, CONTACTS_KEY, MESSAGES_KEY, *CHAT_LISTS})


@dataclass(frozen=True, slots=True)
class Owner:
    """`personal_information`: the account whose chats these are."""

    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Contacts:
    """Some entries of the address book; `first` is the number of the first, from 1."""

    first: int
    items: list[Any]


@dataclass(frozen=True, slots=True)
class ChatPart:
    """Some messages of a chat, in order; `first` is the number of the first, from 1.

    `fields` are the keys of the chat met so far (all of them when `closed`).
    """

    key: tuple[str, int]
    fields: dict[str, Any]
    first: int
    items: list[Any]
    closed: bool

    @property
    def label(self) -> str:
        """«chat 3», «left chat 1»: how rejected rows name the chat."""
        return label(self.key)


@dataclass(frozen=True, slots=True)
class Damage:
    """The file cannot be read from here on."""

    reference: str


Piece = Owner | Contacts | ChatPart | Damage


def label(key: tuple[str, int]) -> str:
    """Name a chat by its list and its position there, never by its title."""
    return f"{CHAT_LISTS.get(key[0], 'chat')} {key[1]}"


class ExportWalk:
    """One pass over a file: iterate to get its pieces in the order of the file.

    Nothing is yielded, and `recognised` stays False, where the file is no Telegram export.
    """

    def __init__(self, path: Path) -> None:
        self.recognised = False
        self._path = path
        self._document = BulkDocument()
        self._chat_number = dict.fromkeys((*CHAT_LISTS, SINGLE_CHAT), 1)
        self._next_message = dict.fromkeys((*CHAT_LISTS, SINGLE_CHAT), 1)
        self._taken = dict.fromkeys((*CHAT_LISTS, SINGLE_CHAT), 0)
        self._next_contact = 1

    def __iter__(self) -> Iterator[Piece]:
        damaged = False
        for chunk in read_chunks(self._path):
            try:
                self._document.feed(chunk)
            except ijson.JSONError:
                damaged = True
                break
            if self._judge() is False:
                return
            yield from self._collect(ended=False)
        if not damaged:
            try:
                self._document.close()
            except ijson.JSONError:
                damaged = True
        if self._judge():
            yield from self._collect(ended=not damaged)
            if damaged:
                yield from self._collect_before_damage()

    def _judge(self) -> bool | None:
        if self.recognised:
            return True
        verdict = recognise(self._document.root)
        self.recognised = verdict is True
        return verdict

    def _collect(self, *, ended: bool) -> Iterator[Piece]:
        root = self._document.root
        if not root:
            return
        last_key = next(reversed(root))
        if last_key not in _READ_KEYS:
            _prune(root[last_key])
        if not self.recognised:
            return
        owner = root.get(OWNER_KEY)
        if isinstance(owner, dict) and (ended or last_key != OWNER_KEY):
            yield Owner(root.pop(OWNER_KEY))
        contacts = _list_of(root, CONTACTS_KEY)
        if contacts and (taken := _take(contacts, whole=ended or last_key != CONTACTS_KEY)):
            yield Contacts(self._next_contact, taken)
            self._next_contact += len(taken)
        for list_key in CHAT_LISTS:
            yield from self._collect_chats(list_key, done=ended or last_key != list_key)
        if MESSAGES_KEY in root:
            yield from self._collect_chat(SINGLE_CHAT, root, closed=ended)

    def _collect_chats(self, list_key: str, *, done: bool) -> Iterator[Piece]:
        chats = _list_of(self._document.root, list_key)
        while chats:
            closed = done or len(chats) > 1
            # What is no object is no chat; it keeps its number.
            fields = chats[0] if isinstance(chats[0], dict) else {}
            yield from self._collect_chat(list_key, fields, closed=closed)
            if not closed:
                return
            del chats[0]
            self._chat_number[list_key] += 1
            self._next_message[list_key] = 1

    def _collect_chat(
        self, list_key: str, fields: dict[str, Any], *, closed: bool
    ) -> Iterator[Piece]:
        messages = fields.get(MESSAGES_KEY)
        taken: list[Any] = []
        if isinstance(messages, list):
            taken = _take(messages, whole=closed or next(reversed(fields)) != MESSAGES_KEY)
        if taken or closed:
            yield self._part(list_key, fields, taken, closed=closed)

    def _part(
        self, list_key: str, fields: dict[str, Any], taken: list[Any], *, closed: bool
    ) -> ChatPart:
        first = self._next_message[list_key]
        self._next_message[list_key] += len(taken)
        self._taken[list_key] += len(taken)
        return ChatPart((list_key, self._chat_number[list_key]), fields, first, taken, closed)

    def _collect_before_damage(self) -> Iterator[Piece]:
        """The message before the damage, if it is whole, and the place of the damage."""
        root = self._document.root
        contacts = _list_of(root, CONTACTS_KEY)
        if contacts and _count_whole(self._path, "contacts.list.item") >= self._next_contact:
            yield Contacts(self._next_contact, _take(contacts, whole=True))
            self._next_contact += 1
        reference = f"contact {self._next_contact}" if contacts is not None else "beginning"
        for list_key in (*CHAT_LISTS, SINGLE_CHAT):
            if list_key == SINGLE_CHAT:
                chat = root if MESSAGES_KEY in root else None
            elif (chats := _list_of(root, list_key)) is not None:
                chat = chats[0] if chats else None
                reference = label((list_key, self._chat_number[list_key]))
            else:
                chat = None
            if not isinstance(chat, dict):
                continue
            messages = chat.get(MESSAGES_KEY)
            prefix = f"{list_key}.list.item.messages.item" if list_key else "messages.item"
            whole = bool(messages) and _count_whole(self._path, prefix) > self._taken[list_key]
            taken = _take(messages, whole=True) if whole and isinstance(messages, list) else []
            yield self._part(list_key, chat, taken, closed=True)
            key = (list_key, self._chat_number[list_key])
            reference = f"{label(key)}, message {self._next_message[list_key]}"
        yield Damage(reference)


def _list_of(root: dict[str, Any], key: str) -> list[Any] | None:
    container = root.get(key)
    items = container.get("list") if isinstance(container, dict) else None
    return items if isinstance(items, list) else None


def _take(items: list[Any], *, whole: bool) -> list[Any]:
    """Remove and return the finished items: the last may still be growing unless `whole`."""
    count = len(items) if whole else len(items) - 1
    if count <= 0:
        return []
    taken = items[:count]
    del items[:count]
    return taken


def _prune(value: Any) -> None:
    """Forget finished children of a part that nobody reads, so that it cannot fill the memory."""
    while isinstance(value, dict | list) and value:
        if isinstance(value, list):
            del value[:-1]
            value = value[-1]
        else:
            last = next(reversed(value))
            for key in list(value)[:-1]:
                del value[key]
            value = value[last]


def _count_whole(path: Path, prefix: str) -> int:
    """Count the finished items before the damage: a second pass, made for damaged files only.

    The document does not tell whether its last message is whole or cut after a comma.
    """
    items = ijson.sendable_list()
    parser = ijson.items_coro(items, prefix)
    count = 0
    try:
        for chunk in read_chunks(path):
            parser.send(chunk)
            count += len(items)
            del items[:]
        parser.close()
    except ijson.JSONError:
        pass
    return count + len(items)
