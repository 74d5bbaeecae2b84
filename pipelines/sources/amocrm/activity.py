"""Talks, tasks, calls and incoming leads of an amoCRM account.

They are beside the deals: what the account does not give is noted, and the deals are loaded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Final

from pipelines.sources._common.api import NotThereError
from pipelines.sources._common.crm import Reading
from pipelines.sources._common.fields import (
    FieldError,
    Json,
    boolean,
    integer,
    nested,
    objects,
    required_integer,
    required_unix_time,
    text,
    unix_time,
)
from pipelines.sources._common.parallel import Task
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources._common.spool import Row
from pipelines.sources.amocrm.dictionaries import withheld
from pipelines.sources.amocrm.lists import DONE, EVENT_PAGE, PAGE, Lists

_MESSAGES: Final = ("incoming_chat_message", "outgoing_chat_message")
_CALLS: Final = ("call_in", "call_out")
# Path, name of the list, raw table; calls are notes of two types.
_LISTS: Final = {
    "tasks": ("tasks", "tasks"), "leads/notes": ("notes", "calls"),
    "contacts/notes": ("notes", "calls"),
}  # fmt: skip


BESIDE: Final = (*_LISTS, "leads/unsorted")  # lists that an account may withhold


class Activity:
    """Reads what people did.

    Args:
        lists: of the account.
        people: hides identifiers of people.
    """

    def __init__(self, lists: Lists, people: Pseudonymizer) -> None:
        self._lists = lists
        self._people = people

    def everything(self, reading: Reading) -> list[Task]:
        """Return the lists that are read from their beginning, one task each."""
        lists = [partial(self._read_list, reading, path, None) for path in _LISTS]
        return [*lists, partial(self._read_talks, reading)]

    def update(self, reading: Reading, start: int, end: int, until: datetime) -> list[Task]:
        """Return what changed since a moment, one task each.

        Args:
            reading: takes the rows.
            start: since when, in UTC seconds.
            end: when the history ends.
            until: the moment at which incoming leads wait.
        """
        lists = [partial(self._read_list, reading, path, start) for path in _LISTS]
        return [
            *lists,
            partial(self._read_talks_of_messages, reading, start, end),
            partial(self._read_unsorted, reading, until),
        ]

    def talks_of_lead(self, reading: Reading, number: int) -> None:
        """Read the talks of a deal that was moved: they moved with it."""
        query = {"filter[entity_id]": number, "filter[entity_type]": "lead", "limit": PAGE}
        self._tell(reading, "talks", self._talk_pages(query), self._keep_talk)

    def _read_list(
        self, reading: Reading, path: str, start: int | None, stop: threading.Event
    ) -> None:
        name, table = _LISTS[path]
        query: Json = {"order[id]": "asc", "limit": PAGE}
        if table == "calls":
            query["filter[note_type][]"] = _CALLS
        if start is not None:
            query["filter[updated_at][from]"] = start
        mark = path if start is None else None
        page = reading.marks.get(mark, 1) if mark else 1
        if page == DONE:
            return

        def keep(reading: Reading, row: Json) -> None:
            if table == "tasks":
                reading.keep(table, "task_id", row, task_row)
                return
            entity = path.partition("/")[0]
            reading.keep(table, "note_id", row, lambda item: call_row(item, entity, self._people))

        pages = self._lists.numbered(path, name, query, page)
        self._tell(reading, table, pages, keep, mark, stop)

    def _read_talks(self, reading: Reading, stop: threading.Event) -> None:
        page = reading.marks.get("talks", 1)
        if page != DONE:
            pages = self._talk_pages({"limit": PAGE}, page)
            self._tell(reading, "talks", pages, self._keep_talk, "talks", stop)

    def _talk_pages(self, query: Json, page: int = 1) -> Iterator[tuple[list[Json], int]]:
        """Yield pages of the list that Kommo documents and amoCRM does not."""
        try:
            yield from self._lists.numbered("talks", "talks", query, page)
        except NotThereError:
            yield [], 0

    def _read_talks_of_messages(
        self, reading: Reading, start: int, end: int, stop: threading.Event
    ) -> None:
        """Ask for the talks in which something was said: their list tells no time of change."""
        query = {
            "filter[type][]": _MESSAGES, "filter[created_at][from]": start,
            "filter[created_at][to]": end, "limit": EVENT_PAGE,
        }  # fmt: skip
        found: set[int] = set()
        for rows, _ in self._lists.numbered("events", "events", query):
            found |= {talk for row in rows if (talk := _talk_of(row)) is not None}
        for number in sorted(found):
            if stop.is_set():
                return
            row = self._lists.one(f"talks/{number}")
            if row is not None:
                self._keep_talk(reading, row)

    def _read_unsorted(self, reading: Reading, until: datetime, stop: threading.Event) -> None:
        def keep(reading: Reading, row: Json) -> None:
            reading.keep("unsorted", "uid", row, lambda item: unsorted_row(item, until))

        query = {"order[created_at]": "asc", "limit": PAGE}
        pages = self._lists.numbered("leads/unsorted", "unsorted", query)
        self._tell(reading, "unsorted", pages, keep, None, stop)

    def _keep_talk(self, reading: Reading, row: Json) -> None:
        reading.keep("talks", "talk_id", row, lambda item: talk_row(item, self._people))

    def _tell(
        self,
        reading: Reading,
        table: str,
        pages: Iterator[tuple[list[Json], int]],
        keep: Callable[[Reading, Json], None],
        mark: str | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        """Keep the rows of pages; a list that the account does not give is only noted."""
        with withheld(reading, table):
            for rows, following in pages:
                with reading.lock:
                    for row in rows:
                        keep(reading, row)
                    if mark:
                        reading.marks[mark] = following or DONE
                if stop is not None and stop.is_set():
                    return


def talk_row(row: Json, people: Pseudonymizer) -> Row:
    """Return the row of a talk: one run of messages in a chat, and the deal that it is linked to.

    The chat has the pseudonym that a table's chat of the same id has.
    """
    is_of_lead = row.get("entity_type") == "lead"
    return {
        "talk_id": required_integer(row, "talk_id"),
        "chat_id": people.optional("thread", text(row, "chat_id")),
        "contact_id": integer(row, "contact_id"),
        "lead_id": integer(row, "entity_id") if is_of_lead else None,
        "origin": text(row, "origin"),
        "is_in_work": boolean(row, "is_in_work"),
        "created_at": required_unix_time(row, "created_at"),
        "updated_at": unix_time(row, "updated_at"),
    }


def task_row(row: Json) -> Row:
    """Return the row of a task; its text is left out, for people write what they like there."""
    return {
        "task_id": required_integer(row, "id"),
        "entity_type": text(row, "entity_type"),
        "entity_id": integer(row, "entity_id"),
        "task_type_id": integer(row, "task_type_id"),
        "responsible_user_id": integer(row, "responsible_user_id"),
        "is_completed": boolean(row, "is_completed"),
        "complete_till": unix_time(row, "complete_till"),
        "created_by": integer(row, "created_by"),
        "created_at": required_unix_time(row, "created_at"),
        "updated_at": unix_time(row, "updated_at"),
    }


def call_row(row: Json, entity_type: str, people: Pseudonymizer) -> Row:
    """Return the row of a call."""
    kind, params = text(row, "note_type"), nested(row, "params")
    if kind not in _CALLS:
        raise FieldError("note_type", "a call", kind)
    # An id or a name, as the telephony likes it.
    is_number = str(params.get("call_responsible")).isdigit()
    return {
        "note_id": required_integer(row, "id"),
        "entity_type": entity_type,
        "entity_id": required_integer(row, "entity_id"),
        "direction": "in" if kind == "call_in" else "out",
        "duration_seconds": integer(params, "duration"),
        "phone_id": people.optional("phone", text(params, "phone")),
        "source": text(params, "source"),
        "responsible_user_id": integer(params, "call_responsible") if is_number else None,
        "created_at": required_unix_time(row, "created_at"),
        "updated_at": unix_time(row, "updated_at"),
    }


def unsorted_row(row: Json, seen_at: datetime) -> Row:
    """Return the row of a lead that waits to be accepted; then it leaves the list."""
    uid = text(row, "uid")
    if not uid:
        raise FieldError("uid", "a text", None)
    embedded = nested(row, "_embedded")
    lead = next(iter(objects(embedded, "leads")), {})
    contact = next(iter(objects(embedded, "contacts")), {})
    return {
        "uid": uid,
        "category": text(row, "category"),
        "lead_source": text(row, "source_name"),
        "pipeline_id": integer(row, "pipeline_id"),
        "lead_id": integer(lead, "id"),
        "contact_id": integer(contact, "id"),
        "created_at": required_unix_time(row, "created_at"),
        "seen_at": seen_at,
    }


def _talk_of(event: Json) -> int | None:
    """The talk of a message; the document does not promise it, live accounts tell it."""
    after = next(iter(objects(event, "value_after")), {})
    return integer(nested(after, "message"), "talk_id")
