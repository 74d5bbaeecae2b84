"""Reading an amoCRM account: what changed since a moment, and what is no longer there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pipelines.sources._common.api import AccessError, AnswerError, JsonApi
from pipelines.sources._common.crm import Known, Reading
from pipelines.sources._common.fields import FieldError, Json, nested, objects, required_integer
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.amocrm import rows as r

# Changes that the vendor shows late or with another clock are read by the next load once more.
LOOK_BACK: Final = timedelta(minutes=10)
PAGE: Final = 250
EVENT_PAGE: Final = 100  # more than that is not documented
EVENT_TYPES: Final = (
    "lead_added", "lead_status_changed", "lead_deleted", "lead_restored", "contact_deleted",
    "contact_restored", "entity_merged", "entity_responsible_changed",
)  # fmt: skip
# After these a record may be gone, back, or linked anew, whatever its time of change says.
_MOVES: Final = frozenset(
    {"lead_deleted", "lead_restored", "contact_deleted", "contact_restored", "entity_merged"}
)
_LEAD_PARTS: Final = "contacts,loss_reason,source"
_IDS_AT_ONCE: Final = 50
_ROUNDS: Final = 5
_API: Final = "api/v4"
_NO_USERS: Final = "no right to read users: deals are loaded without names of their owners"


class AmoCrmReader:
    """Reads one account.

    Args:
        api: the account's API; its base is the account's own address.
        people: hides identifiers of people.
    """

    def __init__(self, api: JsonApi, people: Pseudonymizer) -> None:
        self._api = api
        self._people = people
        self._has_filter = False
        self._currency: str | None = None

    def read(self, since: datetime | None, known: Known | None = None) -> Reading:
        """Read what changed since the end of the last load; null: everything."""
        self._open()
        begun = self._server_time()
        reading = Reading(until=begun)
        start = None if since is None else since - LOOK_BACK
        self._read_dictionaries(reading)
        self._read_records(reading, start)
        self._read_trash(reading, start)
        self._read_events(reading, start, begun)
        self._follow_moves(reading, begun if start is None else start)
        self._settle(reading, start, begun)
        if since is None:
            self._mark_missing(reading, known or {})
        return reading

    def check(self) -> list[str]:
        """Return what this account holds back."""
        self._open()
        notes = []
        if not self._has_filter:
            notes.append("the add-on for filters is off: each load reads a page more than it needs")
        try:
            self._api.get(f"{_API}/users", {"limit": 1})
        except AccessError:
            notes.append(_NO_USERS)
        return notes

    def _open(self) -> None:
        account = self._api.get(f"{_API}/account", {"with": "is_api_filter_enabled"})
        if account is None:
            raise AnswerError(
                self._api.source, "there is no such account", "Check the address of the source"
            )
        self._has_filter = bool(account.get("is_api_filter_enabled"))
        self._currency = account.get("currency")

    def _server_time(self) -> datetime:
        """The vendor's clock decides what was read: ours may be wrong."""
        return self._api.server_time or datetime.now(UTC)

    def _read_dictionaries(self, reading: Reading) -> None:
        for row in self._pages("leads/pipelines", "pipelines"):
            with_id = self._kept(reading, "pipelines", row, r.pipeline_row, "pipeline_id")
            if with_id is None:
                continue
            number = with_id["pipeline_id"]
            for status in objects(nested(row, "_embedded"), "statuses"):
                found = r.status_row(status, number)
                reading.put("statuses", (number, found["status_id"]), found)
        for row in self._pages("leads/loss_reasons", "loss_reasons"):
            self._kept(reading, "loss_reasons", row, r.loss_reason_row, "loss_reason_id")
        for entity in ("leads", "contacts", "companies"):
            for row in self._pages(f"{entity}/custom_fields", "custom_fields"):
                found = r.custom_field_row(row, entity)
                reading.put("custom_fields", (entity, found["field_id"]), found)
        try:
            for row in self._pages("users", "users"):
                self._kept(
                    reading, "users", row, lambda item: r.user_row(item, self._people), "user_id"
                )
        except AccessError:
            reading.notes.append(_NO_USERS)

    def _read_records(self, reading: Reading, start: datetime | None) -> None:
        for row in self._changed("leads", start, {"with": _LEAD_PARTS}):
            self._keep_lead(reading, row)
        for row in self._changed("contacts", start, {"with": "leads"}):
            self._keep_contact(reading, row)
        for row in self._changed("companies", start, {}):
            self._kept(
                reading, "companies", row, lambda item: r.company_row(item, self._people),
                "company_id",
            )  # fmt: skip

    def _changed(self, entity: str, start: datetime | None, parts: Json) -> Iterator[Json]:
        """Yield the records that changed since a moment, the latest first.

        The filter is an add-on, and is ignored without a word where it is not paid. In this order
        the first older record ends the reading in either case, and what changes meanwhile comes
        to pages that were read: it shows twice, never not at all.
        """
        query = {**parts, "order[updated_at]": "desc", "limit": PAGE}
        if start is not None and self._has_filter:
            query["filter[updated_at][from]"] = int(start.timestamp())
        for row in self._pages(entity, entity, query):
            if start is not None and int(row.get("updated_at") or 0) < start.timestamp():
                return
            yield row

    def _read_trash(self, reading: Reading, start: datetime | None) -> None:
        for row in self._changed("leads", start, {"with": "only_deleted"}):
            self._remove(reading, "lead", required_integer(row, "id"), is_removed=True)

    def _read_events(self, reading: Reading, start: datetime | None, until: datetime) -> None:
        query: Json = {
            "filter[type][]": EVENT_TYPES,
            "filter[created_at][to]": int(until.timestamp()),
            "limit": EVENT_PAGE,
        }
        if start is not None:
            query["filter[created_at][from]"] = int(start.timestamp())
        for row in self._pages("events", "events", query):
            self._kept(reading, "events", row, r.event_row, "event_id")

    def _follow_moves(self, reading: Reading, start: datetime) -> None:
        """Ask for the records that were deleted, restored or merged since a moment, one by one.

        A merge says neither which record stays nor that its deals are linked anew.
        """
        moved = {
            (row["entity_type"], row["entity_id"])
            for row in reading.tables.get("events", {}).values()
            if row["type"] in _MOVES and row["created_at"] >= start
        }
        leads = {number for entity, number in moved if entity == "lead"}
        for entity, number in sorted(moved):
            if entity != "contact":
                continue
            row = self._api.get(f"{_API}/contacts/{number}", {"with": "leads"})
            self._remove(reading, "contact", number, is_removed=row is None)
            if row is not None:
                self._keep_contact(reading, row)
                linked = objects(nested(row, "_embedded"), "leads")
                leads |= {required_integer(item, "id") for item in linked}
        for number in sorted(leads):
            row = self._api.get(f"{_API}/leads/{number}", {"with": _LEAD_PARTS})
            self._remove(reading, "lead", number, is_removed=row is None)
            if row is not None:
                self._keep_lead(reading, row)

    def _settle(self, reading: Reading, start: datetime | None, begun: datetime) -> None:
        """Read again while records vanish: each draws the next one to a page that was read."""
        seen: set[tuple[Any, ...]] = set(reading.tables.get("events", {}))
        for _ in range(_ROUNDS):
            self._read_events(reading, begun - timedelta(seconds=1), self._after(begun))
            fresh = {
                key: row
                for key, row in reading.tables.get("events", {}).items()
                if key not in seen and row["type"] in _MOVES
            }
            if not fresh:
                return
            seen |= set(reading.tables["events"])
            self._read_records(reading, start)
            self._follow_moves(reading, min(row["created_at"] for row in fresh.values()))
        reading.notes.append("records vanished all through the load; the next one looks again")

    def _after(self, begun: datetime) -> datetime:
        return max(begun, self._server_time()) + timedelta(hours=1)

    def _mark_missing(self, reading: Reading, known: Known) -> None:
        for entity, table in (("lead", "leads"), ("contact", "contacts")):
            there = {str(key[0]) for key in reading.tables.get(table, {})}
            for number, was_removed in sorted(known.get(table, {}).items()):
                if (number not in there) != was_removed:
                    self._remove(reading, entity, int(number), is_removed=not was_removed)

    def _keep_lead(self, reading: Reading, row: Json) -> None:
        self._kept(
            reading, "leads", row,
            lambda item: r.lead_row(item, self._currency, self._people), "lead_id",
        )  # fmt: skip

    def _keep_contact(self, reading: Reading, row: Json) -> None:
        self._kept(
            reading, "contacts", row, lambda item: r.contact_row(item, self._people), "contact_id"
        )

    def _kept(
        self, reading: Reading, table: str, row: Json, make: Callable[[Json], r.Row], key: str
    ) -> r.Row | None:
        """Keep a record, or why it cannot be used."""
        try:
            made = make(row)
        except FieldError as error:
            reading.rejected.append((table, f"{table} {row.get('id')}", str(error)))
            return None
        reading.put(table, (made[key],), made)
        return made

    def _remove(self, reading: Reading, entity: str, number: int, *, is_removed: bool) -> None:
        reading.put(
            "removals",
            (entity, number),
            {
                "entity_type": entity, "entity_id": number, "is_removed": is_removed,
                "seen_at": reading.until,
            },
        )  # fmt: skip

    def _pages(self, path: str, name: str, query: Json | None = None) -> Iterator[Json]:
        """Yield the records of a list, page by page, until an empty answer or the last link."""
        answer = self._api.get(f"{_API}/{path}", {"limit": PAGE, **(query or {})})
        while answer is not None:
            yield from objects(nested(answer, "_embedded"), name)
            link = nested(nested(answer, "_links"), "next").get("href")
            answer = self._api.get(str(link)) if link else None
