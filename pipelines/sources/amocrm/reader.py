"""Reading an amoCRM account: what changed since a moment, and what is no longer there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Final

from pipelines.sources._common.api import AccessError, AnswerError, JsonApi
from pipelines.sources._common.crm import Known, Reading
from pipelines.sources._common.fields import Json, integer, nested, objects, required_integer
from pipelines.sources._common.parallel import Task, together
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.amocrm import rows as r
from pipelines.sources.amocrm.activity import BESIDE, Activity
from pipelines.sources.amocrm.dictionaries import NO_USERS, read_dictionaries, withheld
from pipelines.sources.amocrm.lists import DONE, EVENT_PAGE, PAGE, START, Lists, changed_at

# Changes that the vendor shows late or with another clock are read by the next load once more.
LOOK_BACK: Final = timedelta(minutes=10)
EVENT_TYPES: Final = (
    "lead_added", "lead_status_changed", "lead_deleted", "lead_restored", "contact_deleted",
    "contact_restored", "entity_merged", "entity_responsible_changed",
)  # fmt: skip
# After these a record may be gone, back, or linked anew, whatever its time of change says.
_MOVES: Final = frozenset(
    {"lead_deleted", "lead_restored", "contact_deleted", "contact_restored", "entity_merged"}
)
_LEAD_PARTS: Final = "contacts,loss_reason,source"
_PARTS: Final[dict[str, Json]] = {
    "leads": {"with": _LEAD_PARTS}, "contacts": {"with": "leads"}, "companies": {},
}  # fmt: skip
_NEEDED: Final = frozenset({"leads", "contacts", "events", "leads/pipelines"})
_KEYS: Final = {"leads": "lead_id", "contacts": "contact_id", "companies": "company_id"}
_REMOVABLE: Final = {"leads": "lead", "contacts": "contact"}
_ROUNDS: Final = 3
# Answers take up to a second: so many threads use all that the limit allows.
_THREADS: Final = 6
# The history is read in so many pieces; that of an account with more deals in more of them.
_WINDOWS: Final = 4
_MANY_DEALS: Final = 5_000
_WINDOWS_OF_MANY: Final = 64

Move = tuple[str, int, datetime]


class AmoCrmReader:
    """Reads one account.

    Args:
        api: the account's API; its base is the account's own address.
        people: hides identifiers of people.
    """

    def __init__(self, api: JsonApi, people: Pseudonymizer) -> None:
        self._api = api
        self._lists = Lists(api)
        self._people = people
        self._currency: str | None = None
        self._account: Json = {}
        # What earlier loads brought.
        self._known: Known = {}
        # Events after which records are looked at again: id of the event, entity, id, time.
        self._moves: dict[str, Move] = {}
        self._activity = Activity(self._lists, people)

    def read(self, reading: Reading, known: Known | None = None) -> None:
        """Read what changed since the end of the last load; without one, everything."""
        self._open()
        self._known = known or {}
        if reading.since is not None:
            self._update(reading, reading.since)
            return
        self._update(reading, self._read_everything(reading))
        self._mark_missing(reading)

    def check(self) -> list[str]:
        """Return what this account holds back."""
        self._open()
        notes = []
        if not self._lists.has_filter:
            notes.append("the add-on for filters is off: each load reads a page more than it needs")
        reading = Reading()
        for path in (*_PARTS, "events", "leads/pipelines", *BESIDE):
            is_needed = path in _NEEDED
            with nullcontext() if is_needed else withheld(reading, path):
                next(self._lists.numbered(path, path.rpartition("/")[2], {"limit": 1}))
        try:
            self._lists.one("users", {"limit": 1})
        except AccessError:
            reading.note(NO_USERS)
        return notes + reading.notes

    def _open(self) -> None:
        account = self._lists.one("account", {"with": "is_api_filter_enabled"})
        if account is None:
            raise AnswerError(
                self._api.source, "there is no such account", "Check the address of the source"
            )
        self._lists.has_filter = bool(account.get("is_api_filter_enabled"))
        self._account = account
        self._currency = account.get("currency")

    def _server_time(self) -> datetime:
        """The vendor's clock decides what was read: ours may be wrong."""
        return self._api.server_time or datetime.now(UTC)

    def _read_everything(self, reading: Reading) -> datetime:
        """Read all there is, or the rest of it after a load that failed; returns since when.

        What changes meanwhile is left to the update that follows.
        """
        begun = datetime.fromtimestamp(
            reading.marks.setdefault("begun", int(self._server_time().timestamp())), UTC
        )
        if "windows" not in reading.marks:
            reading.marks["windows"] = self._windows(int(begun.timestamp()))
        tasks = [
            *self._record_tasks(reading, None, marked=True), *self._activity.everything(reading)
        ]  # fmt: skip
        for start, end in reading.marks["windows"]:
            tasks.append(partial(self._read_window, reading, (start, end)))
        together(tasks, _THREADS)
        return begun

    def _windows(self, until: int) -> list[tuple[int, int]]:
        """Divide the history since the first deal."""
        oldest = self._lists.one("leads", {"order[created_at]": "asc", "limit": 1})
        deals = objects(nested(oldest or {}, "_embedded"), "leads")
        created = deals[0].get("created_at") if deals else None
        begin = created if isinstance(created, int) and created < until else until
        has_many = self._lists.one("leads", {"limit": 1, "page": _MANY_DEALS}) is not None
        step = (until - begin) // (_WINDOWS_OF_MANY if has_many else _WINDOWS) + 1
        edges = [0, *range(begin + step, until, step), until + 1]
        return [(start, end - 1) for start, end in pairwise(edges)]

    def _update(self, reading: Reading, since: datetime) -> None:
        """Read what changed since a moment, then what was moved, until nothing moves any more.

        Each record that vanishes from a list whose pages are counted may draw another one to a
        page that was read, so such lists are read again.
        """
        start = int((since - LOOK_BACK).timestamp())
        reading.until = self._server_time()
        # While everything was read records may have vanished all the time since its beginning.
        hidden_since = since if reading.since is None else reading.until
        read_dictionaries(self._lists, reading, self._people)
        self._keep_account(reading)
        work = self._activity.update(reading, start, self._end(), reading.until)
        together([*self._record_tasks(reading, start), *work], _THREADS)
        events_since = start
        for _ in range(_ROUNDS):
            checked = self._server_time()
            known = set(self._moves)
            self._read_moves(reading, events_since)
            fresh = {move for number, move in self._moves.items() if number not in known}
            self._follow_moves(reading, fresh)
            if all(at < hidden_since - timedelta(seconds=1) for _, _, at in fresh):
                return
            hidden_since, events_since = checked, int(checked.timestamp()) - 1
            if not self._is_exact(reading):
                again = None if reading.since is None else start
                together(self._record_tasks(reading, again), _THREADS)
        reading.note("records vanished all through the load; the next one looks again")

    def _is_exact(self, reading: Reading) -> bool:
        return self._lists.is_exact and not reading.marks.get("counted")

    def _keep_account(self, reading: Reading) -> None:
        row = {
            "account_id": integer(self._account, "id"), "currency_code": self._currency,
            "read_at": reading.until,
        }  # fmt: skip
        reading.put("accounts", (), row)

    def _record_tasks(
        self, reading: Reading, start: int | None, *, marked: bool = False
    ) -> list[Task]:
        """Return the lists of records that changed since a moment, one task each."""
        lists: list[Task] = [
            partial(self._read_changed, reading, entity, start, entity if marked else None)
            for entity in _PARTS
        ]
        return [*lists, partial(self._read_trash, reading, start, "trash" if marked else None)]

    def _read_changed(
        self, reading: Reading, entity: str, start: int | None, mark: str | None,
        stop: threading.Event,
    ) -> None:  # fmt: skip
        place = reading.marks.get(mark) if mark else None
        if place == DONE:
            return
        pages = self._lists.changed(
            entity, start, _PARTS[entity], (place[0], place[1]) if place else START
        )
        with nullcontext() if entity in _NEEDED else withheld(reading, entity):
            for rows, following in pages:
                with reading.lock:
                    for row in rows:
                        self._keep(reading, entity, row)
                    if mark:
                        reading.marks[mark] = following or DONE
                        reading.marks["counted"] = not self._is_exact(reading)
                if stop.is_set():
                    return

    def _read_trash(
        self, reading: Reading, start: int | None, mark: str | None, stop: threading.Event
    ) -> None:
        query = {"with": "only_deleted", "order[updated_at]": "desc", "limit": PAGE}
        page = reading.marks.get(mark, 1) if mark else 1
        if page == DONE:
            return
        for rows, following in self._lists.numbered("leads", "leads", query, page):
            fresh = [row for row in rows if start is None or changed_at(row) >= start]
            with reading.lock:
                for row in fresh:
                    if row.get("is_deleted"):
                        number = required_integer(row, "id")
                        self._remove(reading, "lead", number, is_removed=True)
                if mark:
                    reading.marks[mark] = following or DONE
            if len(fresh) < len(rows) or stop.is_set():
                return

    def _read_window(
        self, reading: Reading, window: tuple[int, int], stop: threading.Event
    ) -> None:
        """Read a piece of the history; it is over, so its pages do not move."""
        mark = f"events {window[0]}"
        page = reading.marks.get(mark, 1)
        if page == DONE:
            return
        for rows, following in self._event_pages(*window, page):
            with reading.lock:
                for row in rows:
                    self._keep_event(reading, row)
                reading.marks[mark] = following or DONE
            if stop.is_set():
                return

    def _read_moves(self, reading: Reading, start: int) -> None:
        """Read the history since a moment, and remember after what to look again."""
        for rows, _ in self._event_pages(start, self._end(), 1):
            for row in rows:
                event = self._keep_event(reading, row)
                if event is not None and event["type"] in _MOVES:
                    move = event["entity_type"], event["entity_id"], event["created_at"]
                    self._moves[event["event_id"]] = move

    def _end(self) -> int:
        """A moment that nothing has come to yet, whichever clock is right."""
        return int((self._server_time() + timedelta(hours=1)).timestamp())

    def _event_pages(self, start: int, end: int, page: int) -> Iterator[tuple[list[Json], int]]:
        query = {
            "filter[type][]": EVENT_TYPES, "filter[created_at][from]": start,
            "filter[created_at][to]": end, "limit": EVENT_PAGE,
        }  # fmt: skip
        return self._lists.numbered("events", "events", query, page)

    def _follow_moves(self, reading: Reading, moves: set[Move]) -> None:
        """Ask for records that were deleted, restored or merged, one by one.

        A merge says neither which record stays nor that its deals are linked anew.
        """
        leads = {number for entity, number, _ in moves if entity == "lead"}
        for number in sorted({number for entity, number, _ in moves if entity == "contact"}):
            row = self._lists.one(f"contacts/{number}", _PARTS["contacts"])
            self._remove(reading, "contact", number, is_removed=_is_gone(row))
            if row is not None:
                self._keep(reading, "contacts", row)
                linked = objects(nested(row, "_embedded"), "leads")
                leads |= {required_integer(item, "id") for item in linked}
        for number in sorted(leads):
            row = self._lists.one(f"leads/{number}", _PARTS["leads"])
            self._remove(reading, "lead", number, is_removed=_is_gone(row))
            if row is not None:
                self._keep(reading, "leads", row)
                self._activity.talks_of_lead(reading, number)

    def _mark_missing(self, reading: Reading) -> None:
        told = {(row["entity_type"], row["entity_id"]) for row in reading.rows("removals")}
        # What cannot be used is there.
        refused = {record for _, record, _ in reading.rejected}
        for table, entity in _REMOVABLE.items():
            there = {str(number) for number in reading.values(table, f"{entity}_id")}
            there |= {
                number for number in self._known.get(table, {}) if f"{table} {number}" in refused
            }
            for number, was_removed in sorted(self._known.get(table, {}).items()):
                if (number not in there) != was_removed and (entity, int(number)) not in told:
                    self._remove(reading, entity, int(number), is_removed=not was_removed)

    def _keep(self, reading: Reading, entity: str, row: Json) -> None:
        def make(item: Json) -> r.Row:
            if entity == "leads":
                # The list of reasons has none of those that were deleted, or is not there at all.
                for reason in objects(nested(item, "_embedded"), "loss_reason"):
                    found = r.loss_reason_row(reason)
                    reading.put("loss_reasons", (found["loss_reason_id"],), found)
                return r.lead_row(item, self._currency, self._people)
            make_other = r.contact_row if entity == "contacts" else r.company_row
            return make_other(item, self._people)

        reading.keep(entity, _KEYS[entity], row, make)
        called = _REMOVABLE.get(entity)
        if called is not None:
            number = str(row.get("id"))
            was_removed = self._known.get(entity, {}).get(number, False)
            if _is_gone(row) or was_removed:
                self._remove(reading, called, required_integer(row, "id"), is_removed=_is_gone(row))

    def _keep_event(self, reading: Reading, row: Json) -> r.Row | None:
        return reading.keep("events", "event_id", row, r.event_row)

    def _remove(self, reading: Reading, entity: str, number: int, *, is_removed: bool) -> None:
        row = {
            "entity_type": entity, "entity_id": number, "is_removed": is_removed,
            "seen_at": reading.until or self._server_time(),
        }  # fmt: skip
        reading.put("removals", (entity, number), row)


def _is_gone(row: Json | None) -> bool:
    """Whether a record is not there, or is in the trash."""
    return row is None or row.get("is_deleted") is True
