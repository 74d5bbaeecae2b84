"""Reading a HubSpot account: what changed since a moment, and what is no longer there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event
from typing import Final

from pipelines.sources._common.api import JsonApi, NotThereError, RightError
from pipelines.sources._common.crm import Known, Reading
from pipelines.sources._common.fields import FieldError, Json
from pipelines.sources._common.parallel import in_parallel
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.hubspot import rows as r
from pipelines.sources.hubspot.dictionaries import KINDS, Dictionaries, note_missing, note_scope
from pipelines.sources.hubspot.first_load import FirstLoad, Reads
from pipelines.sources.hubspot.objects import Fits, Links, Objects, Page
from pipelines.sources.hubspot.paths import ApiVersion, ObjectKind, Paths

# The search shows changes minutes late, so the next load looks for them once more.
LOOK_BACK: Final = timedelta(minutes=15)
# A visitor of a chat is mostly known within days; nothing tells when.
CHATS_BACK: Final = timedelta(days=7)
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
        self._objects = Objects(api, self._paths)
        self._currency: str | None = None
        self._account = Dictionaries(api, self._objects, self._paths, people)
        # Ids by kind: what was met in this load, asked for in vain, binned, merged into others.
        self._met: dict[str, set[str]] = {}
        self._lost: dict[str, set[str]] = {}
        self._binned: dict[str, set[str]] = {}
        self._merged: dict[str, set[str]] = {}

    def read(self, reading: Reading, known: Known | None = None) -> None:
        """Read what changed since the end of the last load; without one, everything."""
        reading.until = self._open()
        since = reading.since
        known = known or {}
        self._account.read(reading)
        kinds = self._account.kinds
        for ids in (self._met, self._lost, self._merged):
            ids.update({kind: set() for kind in KINDS})
        before = self._bins()
        if since is None:
            # A load that failed passed over what was in the bin then.
            earlier = reading.marks.setdefault(
                "bin", {kind: sorted(ids) for kind, ids in before.items()}
            )
            before = {kind: ids | set(earlier.get(kind, ())) for kind, ids in before.items()}
            self._read_all(reading, reading.until)
        else:
            self._read_changed(reading, since - LOOK_BACK, known)
        self._binned = self._bins()
        for kind in kinds:
            # Who left the bin, or seemed to be gone, may be back; a change of theirs is not told.
            was_gone = {one for one, is_gone in known.get(kind, {}).items() if is_gone}
            absent = (before[kind] | was_gone) - self._binned[kind] - self._met[kind]
            self._read_ids(reading, kind, sorted(absent))
            self._settle(reading, kind, known.get(kind, {}), everything=since is None)

    def check(self) -> list[str]:
        """Return what this account holds back."""
        self._open()
        reading = Reading()
        self._account.read(reading)
        try:
            self._api.get(self._paths.threads, {"limit": 1}, is_list=True)
        except RightError:
            note_scope(reading, "threads")
        except NotThereError:
            note_missing(reading, "threads")
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

    # Records

    def _read_all(self, reading: Reading, now: datetime) -> None:
        """Read all there is, or the rest of it after a load that failed."""
        begun = datetime.fromisoformat(reading.marks.setdefault("begun", now.isoformat()))
        for kind in self._account.kinds:
            self._met[kind] |= self._met_before(reading, kind)
            self._merged[kind] |= set(reading.marks.get("merged", {}).get(kind, ()))
        load = FirstLoad(reading)
        load.read(
            {kind: self._reads(reading, kind) for kind in self._account.kinds},
            [partial(self._read_all_threads, reading)],
        )
        if begun != now:
            # What was read by the load that failed may have changed since.
            self._read_changed(reading, begun - LOOK_BACK)

    def _met_before(self, reading: Reading, kind: ObjectKind) -> set[str]:
        """Return the ids that a load that failed had met, those of records that do not fit too."""
        met = {str(one) for one in reading.values(kind, _KEYS[kind])}
        return met | {
            record.partition(" ")[2] for table, record, _ in reading.rejected if table == kind
        }

    def _read_all_threads(self, reading: Reading, stop: Event) -> None:
        """Chats move in their list when one is put away: one that was not ended is read anew."""
        if reading.marks.get("threads") is None:
            self._read_threads(reading, None, stop)
            if not stop.is_set():
                reading.marks["threads"] = True

    def _read_threads(
        self, reading: Reading, since: datetime | None, stop: Event | None = None
    ) -> None:
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
                for rows, _ in self._objects.pages(self._paths.threads, one):
                    for row in rows:
                        reading.keep("threads", "thread_id", row, r.thread_row)
                    if stop is not None and stop.is_set():
                        return
        except RightError:
            note_scope(reading, "threads")
        except NotThereError:
            note_missing(reading, "threads")

    def _links_of(self, kind: ObjectKind) -> list[ObjectKind]:
        return [other for other in _LINKS.get(kind, ()) if other in self._account.kinds]

    def _reads(self, reading: Reading, kind: ObjectKind) -> Reads:
        names = self._account.properties[kind].asked
        history = r.HISTORY if kind == "deals" else ()
        others = self._links_of(kind)
        is_short = sum(len(name) + 1 for name in names) <= _LONGEST_QUERY
        told, versions = (names, history) if is_short else ((), ())

        def pages(after: str | None, fits: Fits) -> Iterator[Page]:
            return self._objects.listed(kind, told, versions, others, after, fits)

        def prepare(rows: list[Json]) -> Callable[[], None]:
            links = {str(row.get("id")): self._listed_links(reading, kind, row) for row in rows}
            if not is_short:
                rows = list(self._objects.by_ids(kind, list(links), names, history))

            def keep() -> None:
                for row in rows:
                    found = links.get(str(row.get("id")))
                    if found is not None:
                        self._keep(reading, kind, row, found)

            return keep

        return Reads(pages, prepare, partial(self._objects.id_behind, kind))

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

    def _read_changed(self, reading: Reading, since: datetime, known: Known | None = None) -> None:
        changed = {
            kind: set(self._objects.changed_ids(kind, since)) for kind in self._account.kinds
        }
        if known is not None:
            self._add_unseen(changed, known)
        for kind, other in _TAKEN_ALONG:
            if kind in changed and other in changed:
                taken = self._objects.linked(kind, other, sorted(changed[kind]))
                changed[other] |= {link.other for links in taken.values() for link in links}
        for kind, ids in changed.items():
            self._read_ids(reading, kind, sorted(ids))
        self._read_threads(reading, since)

    def _add_unseen(self, changed: dict[ObjectKind, set[str]], known: Known) -> None:
        """Read all of a kind of which nothing is loaded: a right to it may have been given since.

        The records that it is linked with did not change by that, and are read again.
        """
        for kind in [kind for kind in changed if not known.get(kind)]:
            pages = self._objects.listed(kind)
            unseen = {str(row.get("id")) for rows, _ in pages for row in rows}
            changed[kind] |= unseen
            for other, linked in _LINKS.items():
                if unseen and kind in linked and other in changed:
                    changed[other] |= {
                        one for one, gone in known.get(other, {}).items() if not gone
                    }

    def _read_ids(self, reading: Reading, kind: ObjectKind, ids: list[str]) -> None:
        if not ids:
            return
        names = self._account.properties[kind].asked
        history = r.HISTORY if kind == "deals" else ()
        asked = set(ids)
        found = {
            one: row
            for row in self._objects.by_ids(kind, ids, names, history)
            # A merged one is answered by the one that stays, which changed and comes by itself.
            if (one := str(row.get("id"))) in asked
        }
        self._lost[kind] |= asked - set(found)
        self._met[kind] -= asked - set(found)
        links = {
            other: self._objects.linked(kind, other, list(found)) for other in self._links_of(kind)
        }
        for one, row in found.items():
            self._keep(
                reading, kind, row, {other: known.get(one, []) for other, known in links.items()}
            )

    def _keep(self, reading: Reading, kind: ObjectKind, row: Json, links: Links) -> None:
        self._met[kind].add(str(row.get("id")))
        names = self._account.properties[kind]

        def make(item: Json) -> r.Row:
            if merged := r.merged_into(item):
                self._merged[kind] |= merged
                marked = reading.marks.setdefault("merged", {}).setdefault(kind, [])
                marked.extend(sorted(merged))
            if kind == "deals":
                return r.deal_row(item, links, names, self._currency, self._people)
            if kind == "tickets":
                return r.ticket_row(item, links, names, self._people)
            make_other = r.contact_row if kind == "contacts" else r.company_row
            return make_other(item, names, self._people)

        made = reading.keep(kind, _KEYS[kind], row, make)
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

    # What is gone

    def _bins(self) -> dict[str, set[str]]:
        """Return the ids of the deleted records, which stay in the bin for 90 days."""
        kinds = self._account.kinds

        def read(kind: ObjectKind) -> set[str]:
            return {str(row.get("id")) for row in self._objects.binned(kind)}

        return dict(zip(kinds, in_parallel(read, kinds, len(kinds)), strict=True))

    def _settle(
        self, reading: Reading, kind: ObjectKind, known: dict[str, bool], *, everything: bool
    ) -> None:
        """Say of what is or was loaded whether it is there."""
        gone = self._binned[kind] | self._merged[kind]
        for one in sorted(self._met[kind] | set(known) | self._binned[kind]):
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
