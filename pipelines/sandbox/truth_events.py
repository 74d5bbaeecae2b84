"""What a road into the warehouse can show of the world, as plain events by chat and need."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final, Literal

import pyarrow as pa

from pipelines.sandbox.model import World

Kind = Literal[
    "customer", "courtesy", "agent", "bot", "neutral", "handoff", "no_reply", "close"
]  # fmt: skip
MESSAGE_KINDS: Final = frozenset({"customer", "courtesy", "agent", "bot"})
Row = dict[str, Any]
_EVENT_KINDS: Final[dict[str, Kind]] = {
    "handoff_requested": "handoff",
    "handoff": "handoff",
    "close": "close",
    "no_reply_needed": "no_reply",
}


@dataclass(frozen=True, slots=True)
class View:
    """What arrives on a road.

    Exports have no events (hand-offs, closes), no marks of templates and no ids of platform
    conversations; Telegram leaves deleted messages out, and WhatsApp on Android shows no seconds.
    """

    has_events: bool
    has_deleted: bool
    has_seconds: bool


EXPORTS: Final = View(has_events=False, has_deleted=False, has_seconds=False)
TABLES: Final = View(has_events=True, has_deleted=True, has_seconds=True)
# Exports as they would be if WhatsApp told seconds: the distance to `EXPORTS` is what is lost.
EXPORTS_WITH_SECONDS: Final = View(has_events=False, has_deleted=False, has_seconds=True)


@dataclass(slots=True)
class Event:
    """One message or event; instants are UTC seconds."""

    at: int
    kind: Kind
    author_type: str
    is_message: bool
    is_template: bool
    agent: int | None
    customer: str | None  # as the product can tell people apart
    text: str
    thread: int
    place: int


@dataclass(slots=True)
class Chat:
    """One thread with its events in order, and the same by need."""

    thread: int
    channel_type: str
    team: str
    is_group: bool
    is_platform: bool  # the platform gives its conversations ids
    events: list[Event]
    needs: dict[int, list[Event]]


def read_chats(world: World, view: View, customers: dict[int, str]) -> list[Chat]:
    """Return all chats as a road shows them.

    Args:
        customers: who is behind each identity, see `truth_people.recognised_people`.
    """
    layouts = {}
    chats: dict[int, Chat] = {}
    for row in rows(world["threads"]):
        chats[row["thread_id"]] = Chat(
            thread=row["thread_id"],
            channel_type=row["channel_type"],
            team=row["team"],
            is_group=row["kind"].endswith("group"),
            is_platform=view.has_events and row["kind"] == "helpdesk",
            events=[],
            needs=defaultdict(list),
        )
        layouts[row["thread_id"]] = row["layout"] or ""
    for row in rows(world["messages"]):
        chat = chats[row["thread_id"]]
        event = _event(row, chat, view, layouts[chat.thread], customers)
        if event is not None:
            chat.events.append(event)
            if row["conversation_id"] is not None:
                chat.needs[row["conversation_id"]].append(event)
    return list(chats.values())


def _event(
    row: Row, chat: Chat, view: View, layout: str, customers: dict[int, str]
) -> Event | None:
    is_message = row["event_type"] == "message"
    if not is_message and (not view.has_events or row["event_type"] == "service"):
        return None
    is_gone = row["deleted_at"] is not None and not view.has_deleted
    if is_gone and chat.channel_type == "telegram":
        return None
    at = int(row["sent_at"])
    if not view.has_seconds and layout.startswith("android"):
        at -= at % 60
    identity = row["identity_id"]
    return Event(
        at=at,
        kind=_kind(row),
        author_type=str(row["author_type"]),
        is_message=is_message,
        is_template=bool(row["is_template"]) and view.has_events,
        agent=row["agent"],
        customer=None if identity is None else customers[identity],
        # WhatsApp keeps the line of a deleted message, without its words.
        text="" if is_gone else str(row["text"]),
        thread=chat.thread,
        place=row["seq"],
    )


def _kind(row: Row) -> Kind:
    if row["event_type"] != "message":
        return _EVENT_KINDS.get(str(row["event_type"]), "neutral")
    author = row["author_type"]
    if author == "customer":
        return "courtesy" if row["is_courtesy"] else "customer"
    if author == "agent":
        return "agent"
    return "bot" if author == "bot" else "neutral"


def rows(table: pa.Table) -> list[Row]:
    """Rows as dictionaries, instants as seconds."""
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        columns[name] = column.to_pylist()
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
