"""Reading a HubSpot account: what changed since a moment, and what is no longer there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final

from pipelines.sources._common.api import AccessError, ApiError, JsonApi, RightError
from pipelines.sources._common.crm import Known, Reading
from pipelines.sources._common.fields import FieldError, Json, objects
from pipelines.sources._common.parallel import in_parallel
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.hubspot import rows as r
from pipelines.sources.hubspot.objects import Links, Objects
from pipelines.sources.hubspot.paths import ApiVersion, ObjectKind, Paths
from pipelines.sources.hubspot.properties import Properties, Property, properties_of, property_of

# The search shows changes minutes late, so the next load looks for them once more.
LOOK_BACK: Final = timedelta(minutes=15)
# A visitor of a chat is mostly known within days; nothing tells when.
CHATS_BACK: Final = timedelta(days=7)
KINDS: Final[tuple[ObjectKind, ...]] = ("deals", "contacts", "companies", "tickets")
_KEYS: Final = {
    "deals": "deal_id", "contacts": "contact_id", "companies": "company_id", "tickets": "ticket_id",
}  # fmt: skip
_LINKS: Final[dict[ObjectKind, tuple[ObjectKind, ...]]] = {
    "deals": ("contacts", "companies"), "tickets": ("deals",),
}  # fmt: skip
# Cards that are merged take their deals along, deals their tickets: no change of what is taken.
_TAKEN_ALONG: Final[tuple[tuple[ObjectKind, ObjectKind], ...]] = (
    ("contacts", "deals"), ("deals", "tickets"),
)  # fmt: skip
# Names of properties that fit into an address; with more, records are asked for by their ids.
_LONGEST_QUERY: Final = 1_800
_SCOPES: Final = {
    "owners": ("crm.objects.owners.read", "deals are loaded without names of their owners"),
    "pipelines": ("crm.schemas.deals.read", "deals are loaded without names of their stages"),
    "properties": ("crm.schemas.*.read", "custom properties are not loaded"),
    "contacts": ("crm.objects.contacts.read", "people are not loaded"),
    "companies": ("crm.objects.companies.read", "companies are not loaded"),
    "tickets": ("tickets", "tickets are not loaded, and do not link chats with deals"),
    "threads": ("conversations.read", "chats are not linked with deals"),
}


class StoppedError(Exception):
    """Another thread has failed."""


class HubSpotReader:
    """Reads one account.

    Args:
        api: the account's API.
        people: hides identifiers of people.
        version: style of the paths.
    """

    def __init__(self, api: JsonApi, people: Pseudonymizer, version: ApiVersion = "v3") -> None:
        self._api = api
        self._people = people
        self._paths = Paths(version)
        self._stopped = Event()
        self._objects = Objects(api, self._paths, self._go_on)
        self._currency: str | None = None
        self._properties: dict[ObjectKind, Properties] = {}
        self._kinds: list[ObjectKind] = []
        # Ids by kind: what was met in this load, asked for in vain, binned, merged into others.
        self._met: dict[str, set[str]] = {}
        self._lost: dict[str, set[str]] = {}
        self._binned: dict[str, set[str]] = {}
        self._merged: dict[str, set[str]] = {}

    def read(self, since: datetime | None, known: Known | None = None) -> Reading:
        """Read what changed since the end of the last load; null: everything."""
        begun = self._open()
        reading = Reading(until=begun)
        known = known or {}
        self._read_dictionaries(reading)
        kinds = self._kinds
        for ids in (self._met, self._lost, self._merged):
            ids.update({kind: set() for kind in KINDS})
        before = {kind: self._bin_of(kind) for kind in kinds}
        if since is None:
            self._read_all(reading)
        else:
            self._read_changed(reading, since - LOOK_BACK)
        self._binned = {kind: self._bin_of(kind) for kind in kinds}
        for kind in kinds:
            # Who left the bin, or seemed to be gone, may be back; a change of theirs is not told.
            was_gone = {one for one, is_gone in known.get(kind, {}).items() if is_gone}
            absent = (before[kind] | was_gone) - self._binned[kind] - self._met[kind]
            self._read_ids(reading, kind, sorted(absent))
            self._settle(reading, kind, known.get(kind, {}), everything=since is None)
        return reading

    def check(self) -> list[str]:
        """Return what this account holds back."""
        self._open()
        reading = Reading(until=datetime.now(UTC))
        self._read_dictionaries(reading)
        try:
            self._api.get(self._paths.threads, {"limit": 1})
        except RightError:
            self._note_scope(reading, "threads")
        return reading.notes

    def _open(self) -> datetime:
        """Ask for the account; returns the vendor's time, which decides what was read."""
        try:
            account = self._api.get(self._paths.details) or {}
        except RightError:
            account = {}
        currency = account.get("companyCurrency")
        self._currency = currency if isinstance(currency, str) and currency else None
        return self._api.server_time or datetime.now(UTC)

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise StoppedError

    # Dictionaries

    def _read_dictionaries(self, reading: Reading) -> None:
        """Read what other records name, and find out which kinds of records may be read."""
        for archived in ("false", "true"):
            query = {"limit": 100, "archived": archived}
            for row in self._allowed(reading, "owners", self._paths.owners, query):
                self._kept(
                    reading, "owners", row, lambda item: r.owner_row(item, self._people), "owner_id"
                )
        for row in self._allowed(reading, "pipelines", self._paths.pipelines("deals"), {}):
            made = self._kept(reading, "pipelines", row, r.pipeline_row, "pipeline_id")
            if made is not None:
                self._keep_stages(reading, row, made["pipeline_id"])
        for kind in KINDS:
            found: list[Property] = []
            for row in self._allowed(reading, "properties", self._paths.properties(kind), {}):
                try:
                    found.append(property_of(row))
                except FieldError as error:
                    reading.rejected.append(("properties", f"{kind} {row.get('name')}", str(error)))
            self._properties[kind] = properties_of(kind, found)
            for item in found:
                reading.put("properties", (kind, item.name), r.property_row(item, kind))
        self._kinds = [kind for kind in KINDS if self._may_read(reading, kind)]

    def _keep_stages(self, reading: Reading, pipeline: Json, pipeline_id: str) -> None:
        try:
            for row in objects(pipeline, "stages"):
                made = r.stage_row(row, pipeline_id)
                reading.put("stages", (pipeline_id, made["stage_id"]), made)
        except FieldError as error:
            reading.rejected.append(("stages", f"pipeline {pipeline_id}", str(error)))

    def _allowed(self, reading: Reading, name: str, path: str, query: Json) -> list[Json]:
        """Return what a list holds, nothing where the right to it is missing."""
        try:
            return list(self._objects.pages(path, query))
        except RightError:
            self._note_scope(reading, name)
            return []

    def _may_read(self, reading: Reading, kind: ObjectKind) -> bool:
        try:
            self._api.get(self._paths.objects(kind), {"limit": 1})
        except RightError:
            if kind == "deals":
                raise AccessError(
                    self._api.source,
                    "the token lacks the scope crm.objects.deals.read",
                    "Add it to the private app, or allow the integration once more with it",
                ) from None
            self._note_scope(reading, kind)
            return False
        return True

    def _note_scope(self, reading: Reading, name: str) -> None:
        scope, effect = _SCOPES[name]
        note = f"no scope {scope}: {effect}"
        if note not in reading.notes:
            reading.notes.append(note)

    # Records

    def _read_all(self, reading: Reading) -> None:
        """Read all lists at once; the pages of one list follow each other.

        Where one fails, the others end at their next page.
        """

        def read(kind: ObjectKind | None) -> ApiError | None:
            try:
                if kind is None:
                    self._read_threads(reading, None)
                else:
                    self._read_list(reading, kind)
            except StoppedError:
                return None
            except ApiError as error:
                self._stopped.set()
                return error
            return None

        self._stopped.clear()
        errors = list(in_parallel(read, [*self._kinds, None], len(KINDS) + 1))
        self._stopped.clear()
        for error in errors:
            if error is not None:
                raise error

    def _read_threads(self, reading: Reading, since: datetime | None) -> None:
        query: Json = {"limit": 100, "association": "TICKET"}
        if since is None:
            # Chats that were put away are gone after thirty days.
            queries = [query | {"archived": archived} for archived in ("false", "true")]
        else:
            begin = (since - CHATS_BACK).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            queries = [
                query | {"sort": "latestMessageTimestamp", "latestMessageTimestampAfter": begin}
            ]
        try:
            for one in queries:
                for row in self._objects.pages(self._paths.threads, one):
                    self._kept(reading, "threads", row, r.thread_row, "thread_id")
        except RightError:
            self._note_scope(reading, "threads")

    def _links_of(self, kind: ObjectKind) -> list[ObjectKind]:
        return [other for other in _LINKS.get(kind, ()) if other in self._kinds]

    def _read_list(self, reading: Reading, kind: ObjectKind) -> None:
        names = self._properties[kind].asked
        history = r.HISTORY if kind == "deals" else ()
        others = self._links_of(kind)
        if sum(len(name) + 1 for name in names) <= _LONGEST_QUERY:
            for row in self._objects.listed(kind, names, history, others):
                links = self._listed_links(reading, kind, row)
                if links is not None:
                    self._keep(reading, kind, row, links)
            return
        linked = {
            str(row.get("id")): links
            for row in self._objects.listed(kind, links=others)
            if (links := self._listed_links(reading, kind, row)) is not None
        }
        for row in self._objects.by_ids(kind, list(linked), names, history):
            self._keep(reading, kind, row, linked.get(str(row.get("id")), {}))

    def _listed_links(self, reading: Reading, kind: ObjectKind, row: Json) -> Links | None:
        try:
            return {
                other: self._objects.listed_links(row, kind, other)
                for other in self._links_of(kind)
            }
        except FieldError as error:
            self._met[kind].add(str(row.get("id")))
            reading.rejected.append((kind, f"{kind} {row.get('id')}", str(error)))
            return None

    def _read_changed(self, reading: Reading, since: datetime) -> None:
        changed = {kind: set(self._objects.changed_ids(kind, since)) for kind in self._kinds}
        for kind, other in _TAKEN_ALONG:
            if kind in changed and other in changed:
                taken = self._objects.linked(kind, other, sorted(changed[kind]))
                changed[other] |= {link.other for links in taken.values() for link in links}
        for kind, ids in changed.items():
            self._read_ids(reading, kind, sorted(ids))
        self._read_threads(reading, since)

    def _read_ids(self, reading: Reading, kind: ObjectKind, ids: list[str]) -> None:
        if not ids:
            return
        names = self._properties[kind].asked
        history = r.HISTORY if kind == "deals" else ()
        asked = set(ids)
        found = {
            one: row
            for row in self._objects.by_ids(kind, ids, names, history)
            # A merged one is answered by the one that stays, which changed and comes by itself.
            if (one := str(row.get("id"))) in asked
        }
        self._lost[kind] |= asked - set(found)
        links = {
            other: self._objects.linked(kind, other, list(found)) for other in self._links_of(kind)
        }
        for one, row in found.items():
            self._keep(
                reading, kind, row, {other: known.get(one, []) for other, known in links.items()}
            )

    def _keep(self, reading: Reading, kind: ObjectKind, row: Json, links: Links) -> None:
        self._met[kind].add(str(row.get("id")))
        names = self._properties[kind]

        def make(item: Json) -> r.Row:
            self._merged[kind] |= r.merged_into(item)
            if kind == "deals":
                return r.deal_row(item, links, names, self._currency, self._people)
            if kind == "tickets":
                return r.ticket_row(item, links, names, self._people)
            make_other = r.contact_row if kind == "contacts" else r.company_row
            return make_other(item, names, self._people)

        made = self._kept(reading, kind, row, make, _KEYS[kind])
        if made is not None and kind == "deals":
            try:
                versions = list(r.history_rows(row))
            except FieldError as error:
                reading.rejected.append(("property_history", f"deals {row.get('id')}", str(error)))
                return
            for version in versions:
                key = (
                    version["deal_id"], version["property"], version["changed_at"].isoformat(),
                    version["value"],
                )  # fmt: skip
                reading.put("property_history", key, version)

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

    # What is gone

    def _bin_of(self, kind: ObjectKind) -> set[str]:
        """Ids of the deleted records, which stay in the bin for 90 days."""
        return {str(row.get("id")) for row in self._objects.listed(kind, archived=True)}

    def _settle(
        self, reading: Reading, kind: ObjectKind, known: dict[str, bool], *, everything: bool
    ) -> None:
        """Say of what is or was loaded whether it is there."""
        gone = self._binned[kind] | self._merged[kind]
        for one in sorted(self._met[kind] | set(known)):
            is_gone = one in gone
            if not is_gone and one not in self._met[kind]:
                # What is in no list, or asked for in vain, was purged; nothing else tells it.
                if not everything and one not in self._lost[kind]:
                    continue
                is_gone = True
            if is_gone != known.get(one, False):
                reading.put(
                    "removals",
                    (kind, one),
                    {
                        "entity_type": kind, "entity_id": one, "is_removed": is_gone,
                        "seen_at": reading.until,
                    },
                )  # fmt: skip
