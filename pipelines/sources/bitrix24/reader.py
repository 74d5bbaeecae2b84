"""Reading a Bitrix24 portal: what changed since a moment, and what is no longer there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from pipelines.sources._common.api import AnswerError, JsonApi
from pipelines.sources._common.crm import Known, Reading
from pipelines.sources._common.fields import FieldError, Json, integer, nested, objects
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.bitrix24 import rows as r
from pipelines.sources.bitrix24.api import RIGHTS, WITHOUT_CODE, Command, Portal
from pipelines.sources.bitrix24.custom_fields import Types, field_rows
from pipelines.sources.bitrix24.lists import Pages, chunks, read_lists
from pipelines.sources.bitrix24.open_lines import OpenLines
from pipelines.sources.bitrix24.vanished import Vanished

# Changes that the vendor shows late are read by the next load once more.
LOOK_BACK: Final = timedelta(minutes=10)
# Number of each kind of record, its table, its name in other tables, and the column of its id.
LEAD, DEAL, CONTACT, COMPANY = 1, 2, 3, 4
TABLES: Final = {LEAD: "leads", DEAL: "deals", CONTACT: "contacts", COMPANY: "companies"}
NAMES: Final = {LEAD: "lead", DEAL: "deal", CONTACT: "contact", COMPANY: "company"}
REMOVABLE: Final = {
    table: (NAMES[kind], f"{NAMES[kind]}_id") for kind, table in TABLES.items()
}  # fmt: skip
_ROWS: Final[dict[int, Callable[[Json, Types, Pseudonymizer], r.Row]]] = {
    LEAD: r.lead_row, DEAL: r.deal_row, CONTACT: r.contact_row, COMPANY: r.company_row,
}  # fmt: skip
# The others are selected whole: phones and e-mails come only so.
_DEAL_FIELDS: Final = (
    "id", "categoryId", "stageId", "stageSemanticId", "opportunity", "currencyId", "contactId",
    "contactIds", "companyId", "leadId", "sourceId", "utmSource", "utmMedium", "utmCampaign",
    "utmContent", "utmTerm", "assignedById", "createdBy", "createdTime", "updatedTime", "movedTime",
)  # fmt: skip
# Texts of activities are not read.
_ACTIVITY_FIELDS: Final = (
    "ID", "OWNER_ID", "OWNER_TYPE_ID", "PROVIDER_ID", "PROVIDER_TYPE_ID", "ASSOCIATED_ENTITY_ID",
    "PROVIDER_PARAMS", "RESPONSIBLE_ID", "COMPLETED", "START_TIME", "END_TIME", "DEADLINE",
    "CREATED", "LAST_UPDATED",
)  # fmt: skip
_PROVIDERS: Final = (r.SESSION, "CRM_TODO", "CRM_TASKS_TASK", "TASKS")
_GONE: Final = frozenset({"NOT_FOUND", "ERROR_NOT_FOUND", WITHOUT_CODE})
_AT_ONCE: Final = 50  # ids in a filter
_CLASSIC: Final = 1  # a portal with leads
_NO_USERS: Final = "no right to read users: deals are loaded without names of their owners"
_NO_ACTIVITIES: Final = (
    "no right to read activities: calls are not loaded, chats not linked with deals"
)
_NO_LEADS: Final = "the portal does not say whether it has leads: they are not loaded"
_NO_CURRENCIES: Final = "no right to read currencies: they are not loaded"
_NO_ADMIN: Final = (
    "the owner of the webhook or token is no administrator: records that he may not see are missing"
)
# What is read besides, and what it costs where the portal does not give it.
_OPTIONAL: Final = {"profile": None, "mode": _NO_LEADS, "currencies": _NO_CURRENCIES}


class Bitrix24Reader:
    """Reads one portal.

    Args:
        api: the portal's API; its base is the address of the webhook or of the portal's REST.
        people: hides identifiers of people.
        with_chats: whether the chats of open lines are read as well.
    """

    def __init__(self, api: JsonApi, people: Pseudonymizer, *, with_chats: bool = False) -> None:
        self._portal = Portal(api)
        self._lines = OpenLines(self._portal, people) if with_chats else None
        self._people = people
        self._kinds: tuple[int, ...] = (DEAL, CONTACT, COMPANY)
        self._types: dict[int, dict[str, str]] = {}
        # By kind: the ids that were read, and of deals those that are older than this load.
        self._seen: dict[int, set[int]] = {kind: set() for kind in TABLES}
        self._old_deals: set[int] = set()
        # Activities of chats: each may be bound to more than its owner.
        self._chats: dict[int, r.Row] = {}

    def read(self, reading: Reading, known: Known | None = None) -> None:
        """Read what changed since the end of the last load; without one, everything."""
        try:
            self._fill(reading, known or {})
        except FieldError as error:
            raise self._strange(error) from None

    def _fill(self, reading: Reading, known: Known) -> None:
        self._read_dictionaries(reading)
        # The portal's clock decides what was read: ours may be wrong.
        reading.until = self._portal.server_time or datetime.now(UTC)
        start = None if reading.since is None else reading.since - LOOK_BACK
        if reading.since is None:
            start = self._read_everything(reading)
        if start is not None:
            self._read_records(reading, start)
        there = self._there(reading, known)
        if self._lines is not None:
            self._lines.read(reading)
        self._read_bindings(reading)
        if start is not None:
            self._read_deals_of(reading, sorted(self._seen[CONTACT]))
            self._look_for_vanished(reading, there)
            self._read_history_of(reading, sorted(self._old_deals))
        self._mark(reading, there, everything=reading.since is None)

    def _read_everything(self, reading: Reading) -> datetime | None:
        """Read all there is, or the rest of it after a load that failed.

        Returns since when records may have changed behind what was read; null: since none was.
        """
        with reading.lock:
            begun = reading.marks.get("begun")
            reading.marks.setdefault("begun", reading.until and reading.until.isoformat())
        for kind, table in TABLES.items():
            self._seen[kind] |= reading.values(table, f"{NAMES[kind]}_id")
        for row in reading.rows("activities"):
            self._note_binding(row)
        self._read_records(reading, None)
        if begun is None:
            return None
        reading.until = datetime.fromisoformat(begun)
        return reading.until - LOOK_BACK

    def _there(self, reading: Reading, known: Known) -> dict[int, dict[int, bool]]:
        """Return which records are known, and whether each counts as removed."""
        there = {
            kind: {int(key): gone for key, gone in known.get(TABLES[kind], {}).items()}
            for kind in self._kinds
        }
        for row in reading.rows("removals"):
            kind = next(kind for kind, name in NAMES.items() if name == row["entity_type"])
            if kind in there:
                there[kind][row["entity_id"]] = row["is_removed"]
        return there

    def check(self) -> list[str]:
        """Return what this portal holds back."""
        asked = {
            "profile": Command("profile"),
            "fields": Command("crm.item.fields", {"entityTypeId": DEAL}),
        }
        found = self._answers(asked)
        users = self._portal.all_of({"users": Command("user.get", {"start": 0})}, passed_on=RIGHTS)
        notes = [] if users["users"].error is None else [_NO_USERS]
        if self._lines is not None:
            notes += self._lines.check()
        return notes + self._rights(found)

    def _strange(self, error: FieldError) -> AnswerError:
        """Return what to tell of an answer that is no record."""
        return AnswerError(
            self._portal.source, str(error),
            "The API may have changed; look for a newer version of this connector",
        )  # fmt: skip

    def _rights(self, found: Json) -> list[str]:
        """Return what the answer about the owner of the webhook or token tells, if there is one."""
        is_known = "profile" in found
        return [_NO_ADMIN] if is_known and nested(found, "profile").get("ADMIN") is not True else []

    def _answers(self, asked: Mapping[str, Command]) -> Json:
        """Return the results by name, without those that the portal need not give.

        Raises:
            ApiError: it does not give another one.
        """
        answers = self._portal.all_of(asked, passed_on=RIGHTS)
        for key, answer in answers.items():
            if answer.error is not None and key not in _OPTIONAL:
                raise self._portal.refusal(asked[key].method, answer.error)
        return {key: answer.result for key, answer in answers.items() if answer.error is None}

    # Dictionaries

    def _read_dictionaries(self, reading: Reading) -> None:
        asked = {
            "profile": Command("profile"), "mode": Command("crm.settings.mode.get"),
            "categories": Command("crm.category.list", {"entityTypeId": DEAL}),
            "statuses": Command("crm.status.list"), "currencies": Command("crm.currency.list"),
            **{
                TABLES[kind]: Command("crm.item.fields", {"entityTypeId": kind})
                for kind in (DEAL, CONTACT, COMPANY)
            },
        }  # fmt: skip
        found = self._answers(asked)
        reading.notes += [note for key, note in _OPTIONAL.items() if note and key not in found]
        reading.notes += self._rights(found)
        if str(found.get("mode")) == str(_CLASSIC):
            self._kinds = (LEAD, *self._kinds)
            fields = self._portal.all_of(
                {"leads": Command("crm.item.fields", {"entityTypeId": LEAD})}
            )
            found["leads"] = fields["leads"].result
        for row in objects(nested(found, "categories"), "categories"):
            self._keep(reading, "categories", row, r.category_row, "category_id")
        for row in objects(found, "statuses"):
            self._keep(reading, "statuses", row, r.status_row, "entity_id", "status_id")
        for row in objects(found, "currencies"):
            self._keep(reading, "currencies", row, r.currency_row, "currency_code")
        for kind in self._kinds:
            self._read_fields(reading, kind, nested(nested(found, TABLES[kind]), "fields"))
        self._read_users(reading)

    def _read_fields(self, reading: Reading, kind: int, fields: Json) -> None:
        types = self._types.setdefault(kind, {})
        for name in fields:
            if not name.startswith("ufCrm"):
                continue
            try:
                definition, items = field_rows(name, nested(fields, name), NAMES[kind])
            except FieldError as error:
                reading.rejected.append(("custom_fields", f"{NAMES[kind]} {name}", str(error)))
                continue
            types[name] = definition["type"] or "string"
            reading.put("custom_fields", (NAMES[kind], name), definition)
            for item in items:
                reading.put("custom_field_items", (NAMES[kind], name, item["item_id"]), item)

    def _read_users(self, reading: Reading) -> None:
        """Read the staff, also those who left: an old list, whose pages have numbers."""
        start: int | None = 0
        while start is not None:
            asked = Command("user.get", {"sort": "ID", "order": "ASC", "start": start})
            name = f"users{start}"
            answer = self._portal.all_of({name: asked}, passed_on=RIGHTS)[name]
            if answer.error is not None:
                reading.note(_NO_USERS)
                return
            for row in objects({"users": answer.result}, "users"):
                self._keep(
                    reading, "users", row, lambda item: r.user_row(item, self._people), "user_id"
                )
            start = answer.next if answer.next and answer.next > start else None

    # Records

    def _read_records(self, reading: Reading, start: datetime | None) -> None:
        """Read records and history side by side: each has its own budget of the portal's time."""
        changed = {} if start is None else {">=updatedTime": start.isoformat()}
        stepped = {} if start is None else {">=CREATED_TIME": start.isoformat()}
        renewed = {} if start is None else {">=LAST_UPDATED": start.isoformat()}
        records = [self._records(reading, kind, changed, start) for kind in self._kinds]
        history = [
            self._history(reading, kind, stepped) for kind in self._kinds if kind in (LEAD, DEAL)
        ]
        records.append(self._activities(reading, renewed))
        if start is None:
            records, history = self._going_on(reading, records), self._going_on(reading, history)
        with ThreadPoolExecutor(2, thread_name_prefix="bitrix24") as pool:
            running = [pool.submit(read_lists, self._portal, lists) for lists in (records, history)]
            failed = wait(running, return_when=FIRST_EXCEPTION).done
            self._portal.stopped = any(future.exception() for future in failed)
            for future in failed:
                future.result()

    def _going_on(self, reading: Reading, lists: list[Pages]) -> list[Pages]:
        """Let lists go on where an earlier load came to; returns those that have not ended."""
        left = []
        for pages in lists:
            name = f"{pages.method} {pages.params.get('entityTypeId', '')}"
            came_to = reading.marks.get(name, 0)
            if came_to is not None:
                pages.before = came_to
                pages.came_to = partial(_note, reading, name)
                left.append(pages)
        return left

    def _records(
        self, reading: Reading, kind: int, where: Mapping[str, Any], start: datetime | None = None
    ) -> Pages:
        select = [*_DEAL_FIELDS, *self._types[kind]] if kind == DEAL else ["*"]
        return Pages(
            "crm.item.list", {"entityTypeId": kind, "select": select}, where,
            lambda row: self._keep_record(reading, kind, row, start),
        )  # fmt: skip

    def _history(self, reading: Reading, kind: int, where: Mapping[str, Any]) -> Pages:
        def take(row: Json) -> None:
            self._keep(
                reading, "stage_history", row, lambda item: r.history_row(item, NAMES[kind]),
                "entity_type", "history_id",
            )  # fmt: skip

        return Pages("crm.stagehistory.list", {"entityTypeId": kind}, where, take, key="ID")

    def _activities(self, reading: Reading, where: Mapping[str, Any]) -> Pages:
        def take(row: Json) -> None:
            if row.get("PROVIDER_ID") not in _PROVIDERS:
                return  # old methods pass over filters that they do not know
            made = self._keep(
                reading, "activities", row, lambda item: r.activity_row(item, self._people),
                "activity_id",
            )  # fmt: skip
            if made is not None:
                self._note_binding(made)

        return Pages(
            "crm.activity.list", {"select": _ACTIVITY_FIELDS},
            {**where, "@PROVIDER_ID": _PROVIDERS}, take, key="ID", inside=None,
            withheld=lambda: reading.note(_NO_ACTIVITIES),
        )  # fmt: skip

    def _note_binding(self, activity: r.Row) -> None:
        if activity["provider_id"] == r.SESSION:
            self._chats[activity["activity_id"]] = activity

    def _read_bindings(self, reading: Reading) -> None:
        """Ask what else chats are bound to: one question each, many in a request."""
        for chunk in chunks(self._chats.items(), self._portal.commands):
            asked = {
                f"b{number}": Command("crm.activity.binding.list", {"activityId": number})
                for number, _ in chunk
            }
            found = self._portal.all_of(asked, passed_on=RIGHTS | _GONE)
            for number, row in chunk:
                answer = found[f"b{number}"]
                if answer.error is None:
                    bound = objects({"bindings": answer.result}, "bindings")
                    reading.put("activities", (number,), r.bound_to(row, bound))

    def _keep_record(self, reading: Reading, kind: int, row: Json, start: datetime | None) -> None:
        with suppress(FieldError):
            self._seen[kind].add(integer(row, "id") or 0)
        types = self._types[kind]
        kept = self._keep(
            reading, TABLES[kind], row,
            lambda item: _ROWS[kind](item, types, self._people), f"{NAMES[kind]}_id",
        )  # fmt: skip
        if kept is not None and kind == DEAL and start is not None and kept["created_at"] < start:
            self._old_deals.add(kept["deal_id"])

    def _read_deals_of(self, reading: Reading, contacts: list[int]) -> None:
        """Read the deals of changed contacts: a merge links deals anew without changing them."""
        read_lists(
            self._portal,
            [
                self._records(reading, DEAL, {"@contactId": chunk}, reading.until)
                for chunk in chunks(contacts, _AT_ONCE)
            ],
        )

    # What is gone, and what is back

    def _look_for_vanished(self, reading: Reading, there: dict[int, dict[int, bool]]) -> None:
        """Compare what there is with what is known; read what is there and was not known."""
        for kind in self._kinds:
            expected = {number for number, gone in there[kind].items() if not gone}
            # They are there, though not loaded: not counted they would hide others that went away.
            refused = reading.refused.get(TABLES[kind], set()) - expected - self._seen[kind]
            found = Vanished(self._portal, kind).look(expected | refused | self._seen[kind])
            for number in sorted(found.gone - refused):
                self._remove(reading, kind, number, is_removed=True)
                self._seen[kind].discard(number)
            # What was mended in the connector or in the portal need not have changed there.
            wanted = found.unknown | (refused - found.gone)
            read_lists(
                self._portal,
                [
                    self._records(reading, kind, {"@id": chunk}, reading.until)
                    for chunk in chunks(sorted(wanted), _AT_ONCE)
                ],
            )

    def _read_history_of(self, reading: Reading, deals: list[int]) -> None:
        """Read the whole history of changed deals: one that came back brings its old steps."""
        read_lists(
            self._portal,
            [
                self._history(reading, DEAL, {"@OWNER_ID": chunk})
                for chunk in chunks(deals, _AT_ONCE)
            ],
        )

    def _mark(
        self, reading: Reading, there: dict[int, dict[int, bool]], *, everything: bool
    ) -> None:
        """Note what is back; after a reading of everything also what is missing."""
        for kind, known in there.items():
            for number, was_removed in sorted(known.items()):
                is_seen = number in self._seen[kind]
                if was_removed and is_seen:
                    self._remove(reading, kind, number, is_removed=False)
                elif everything and not was_removed and not is_seen:
                    self._remove(reading, kind, number, is_removed=True)

    def _remove(self, reading: Reading, kind: int, number: int, *, is_removed: bool) -> None:
        row = {
            "entity_type": NAMES[kind], "entity_id": number, "is_removed": is_removed,
            "seen_at": reading.until,
        }  # fmt: skip
        reading.put("removals", (NAMES[kind], number), row)

    def _keep(
        self, reading: Reading, table: str, row: Json, make: Callable[[Json], r.Row], *key: str
    ) -> r.Row | None:
        """Keep a record, or why it cannot be used."""
        try:
            made = make(row)
        except FieldError as error:
            number = row.get("id") or row.get("ID")
            reading.rejected.append((table, f"{table} {number}", str(error)))
            return None
        reading.put(table, tuple(made[name] for name in key), made)
        return made


def _note(reading: Reading, name: str, came_to: int | None) -> None:
    """Mark how far a list was read; its rows were put before."""
    with reading.lock:
        reading.marks[name] = came_to
