"""What the records of a HubSpot account name: owners, pipelines, stages, properties; and scopes."""

from __future__ import annotations

from typing import Final

from pipelines.sources._common.api import AccessError, JsonApi, NotThereError, RightError
from pipelines.sources._common.crm import Reading
from pipelines.sources._common.fields import FieldError, Json, objects
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.hubspot import rows as r
from pipelines.sources.hubspot.objects import Objects
from pipelines.sources.hubspot.paths import ObjectKind, Paths
from pipelines.sources.hubspot.properties import Properties, Property, properties_of, property_of

KINDS: Final[tuple[ObjectKind, ...]] = ("deals", "contacts", "companies", "tickets")
_NEEDED: Final = frozenset({"deals", "contacts"})
_SCOPES: Final = {
    "owners": ("crm.objects.owners.read", "deals are loaded without names of their owners"),
    "pipelines": ("crm.schemas.deals.read", "deals are loaded without names of their stages"),
    "properties": ("crm.schemas.*.read", "custom properties are not loaded"),
    "contacts": ("crm.objects.contacts.read", "people are not loaded"),
    "companies": ("crm.objects.companies.read", "companies are not loaded"),
    "tickets": ("tickets", "tickets are not loaded, and do not link chats with deals"),
    "threads": ("conversations.read", "chats are not linked with deals"),
}


class Dictionaries:
    """What records name.

    Attributes:
        kinds: kinds of records that may be read.
        properties: what to ask of each kind.
    """

    def __init__(self, api: JsonApi, records: Objects, paths: Paths, people: Pseudonymizer) -> None:
        self._api = api
        self._objects = records
        self._paths = paths
        self._people = people
        self.kinds: list[ObjectKind] = []
        self.properties: dict[ObjectKind, Properties] = {}

    def read(self, reading: Reading) -> None:
        """Read them, and find out which kinds of records may be read.

        Raises:
            AccessError: deals may not be read.
        """
        for archived in ("false", "true"):
            query = {"limit": 100, "archived": archived}
            for row in self._allowed(reading, "owners", self._paths.owners, query):
                reading.keep(
                    "owners", "owner_id", row, lambda item: r.owner_row(item, self._people)
                )
        path = self._paths.pipelines("deals")
        for row in self._allowed(reading, "pipelines", path, {}, is_needed=True):
            made = reading.keep("pipelines", "pipeline_id", row, r.pipeline_row)
            if made is not None:
                self._keep_stages(reading, row, made["pipeline_id"])
        for kind in KINDS:
            found: list[Property] = []
            path, is_needed = self._paths.properties(kind), kind in _NEEDED
            for row in self._allowed(reading, "properties", path, {}, is_needed=is_needed):
                try:
                    found.append(property_of(row))
                except FieldError as error:
                    reading.rejected.append(("properties", f"{kind} {row.get('name')}", str(error)))
            self.properties[kind] = properties_of(kind, found)
            for item in found:
                reading.put("properties", (kind, item.name), r.property_row(item, kind))
        self.kinds = [kind for kind in KINDS if self._may_read(reading, kind)]

    def _keep_stages(self, reading: Reading, pipeline: Json, pipeline_id: str) -> None:
        try:
            for row in objects(pipeline, "stages"):
                made = r.stage_row(row, pipeline_id)
                reading.put("stages", (pipeline_id, made["stage_id"]), made)
        except FieldError as error:
            reading.rejected.append(("stages", f"pipeline {pipeline_id}", str(error)))

    def _allowed(
        self, reading: Reading, name: str, path: str, query: Json, *, is_needed: bool = False
    ) -> list[Json]:
        """Return what a list holds, nothing where the right to it is missing.

        Args:
            is_needed: without the list itself there is no reading on.
        """
        try:
            return list(self._objects.all(path, query))
        except RightError:
            note_scope(reading, name)
        except NotThereError:
            if is_needed:
                raise
            note_missing(reading, name)
        return []

    def _may_read(self, reading: Reading, kind: ObjectKind) -> bool:
        try:
            next(self._objects.all(self._paths.objects(kind), {"limit": 1}), None)
        except RightError:
            if kind == "deals":
                raise AccessError(
                    self._api.source,
                    "the token lacks the scope crm.objects.deals.read",
                    "Add it to the private app, or allow the integration once more with it",
                ) from None
            note_scope(reading, kind)
            return False
        except NotThereError:
            if kind in _NEEDED:
                raise
            note_missing(reading, kind)
            return False
        return True


def note_scope(reading: Reading, name: str) -> None:
    """Note once what a missing scope costs."""
    scope, effect = _SCOPES[name]
    reading.note(f"no scope {scope}: {effect}")


def note_missing(reading: Reading, name: str) -> None:
    """Note once what it costs that the account has no such list."""
    reading.note(f"the account has no list of {name}: {_SCOPES[name][1]}")
