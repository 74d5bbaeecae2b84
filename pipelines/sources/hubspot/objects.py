"""Reading HubSpot's records: whole lists, what changed, some by their ids, and their links."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pipelines.sources._common.api import AnswerError, JsonApi, UnavailableError
from pipelines.sources._common.fields import FieldError, Json, nested, objects, text
from pipelines.sources._common.parallel import batches, in_parallel
from pipelines.sources.hubspot.paths import ObjectKind, Paths

PAGE: Final = 100
WITH_HISTORY: Final = 50  # more are refused
SEARCH_PAGE: Final = 200
WORKERS: Final = 6
_REPEATS: Final = 3
_NOT_THERE: Final = "OBJECT_NOT_FOUND"
_CHANGED: Final[dict[ObjectKind, str]] = {
    "deals": "hs_lastmodifieddate", "contacts": "lastmodifieddate",
    "companies": "hs_lastmodifieddate", "tickets": "hs_lastmodifieddate",
}  # fmt: skip


@dataclass(frozen=True)
class Link:
    """A link with another record, under one of its labels: a name, or the number of a type."""

    other: str
    label: str


Links = dict[str, list[Link]]
"""Per kind, what a record is linked with."""


class Objects:
    """The records of one account.

    Args:
        go_on: asked before each page; raises where another thread has failed.
    """

    def __init__(self, api: JsonApi, paths: Paths, go_on: Callable[[], None]) -> None:
        self._api = api
        self._paths = paths
        self._go_on = go_on

    def pages(self, path: str, query: Json) -> Iterator[Json]:
        """Yield what a list holds, page by page, until a page names no next one."""
        after: str | None = None
        repeats = 0
        while True:
            self._go_on()
            body = self._answered(
                path, self._api.get(path, query if after is None else {**query, "after": after})
            )
            yield from self._objects(body, "results", path)
            following = self._cursor(body, path)
            if following is None:
                return
            # The page before may be served once more on its way here.
            repeats = repeats + 1 if following == after else 0
            if repeats > _REPEATS:
                raise AnswerError(
                    self._api.source, f"{path} leads to the same page again", "Start again later"
                )
            after = following

    def listed(
        self,
        kind: ObjectKind,
        properties: Sequence[str] = (),
        history: Sequence[str] = (),
        links: Sequence[ObjectKind] = (),
        *,
        archived: bool = False,
    ) -> Iterator[Json]:
        """Yield all records of a kind, in the order of their ids."""
        query: Json = {
            "limit": WITH_HISTORY if history else PAGE, "archived": str(archived).lower(),
        }  # fmt: skip
        for name, values in (
            ("properties", properties), ("propertiesWithHistory", history), ("associations", links),
        ):  # fmt: skip
            if values:
                query[name] = ",".join(values)
        return self.pages(self._paths.objects(kind), query)

    def changed_ids(self, kind: ObjectKind, since: datetime) -> Iterator[str]:
        """Yield the ids of the records that changed since a moment, in their order.

        Each page is a search for what is behind the last id: pages by number end at 10 000
        records, and records that change meanwhile stay in what is searched for.
        """
        last = "0"
        while True:
            self._go_on()
            begin = str(int(since.timestamp() * 1000))
            path = self._paths.search(kind)
            answer = self._api.post(
                path,
                {
                    "filterGroups": [
                        {
                            "filters": [
                                {"propertyName": _CHANGED[kind], "operator": "GTE", "value": begin},
                                {"propertyName": "hs_object_id", "operator": "GT", "value": last},
                            ]
                        }
                    ],
                    "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                    "properties": ["hs_object_id"], "limit": SEARCH_PAGE, "after": "0",
                },
            )  # fmt: skip
            body = self._answered(path, answer)
            found = [str(row.get("id")) for row in self._objects(body, "results", path)]
            yield from found
            if self._cursor(body, path) is None or not found:
                return
            if not found[-1].isdigit() or int(found[-1]) <= int(last):
                raise AnswerError(
                    self._api.source, f"{path} is not in the order of ids", "Start again later"
                )
            last = found[-1]

    def by_ids(
        self,
        kind: ObjectKind,
        ids: Iterable[str],
        properties: Sequence[str],
        history: Sequence[str] = (),
    ) -> Iterator[Json]:
        """Yield the records of some ids; those that are no longer there are left out.

        The id of a record that was merged brings the one that it was merged into.
        """
        asked: Json = {"properties": list(properties)}
        if history:
            asked["propertiesWithHistory"] = list(history)

        def read(chunk: list[str]) -> list[Json]:
            self._go_on()
            path = self._paths.batch(kind)
            return self._batch(path, {**asked, "inputs": [{"id": one} for one in chunk]})

        size = WITH_HISTORY if history else PAGE
        for rows in in_parallel(read, batches(ids, size), WORKERS):
            yield from rows

    def linked(
        self, kind: ObjectKind, other: ObjectKind, ids: Iterable[str]
    ) -> dict[str, list[Link]]:
        """Return what records are linked with, by their ids; without links: not in it."""
        found: dict[str, list[Link]] = {}
        for links in in_parallel(
            lambda chunk: self._links(kind, other, [{"id": one} for one in chunk]),
            batches(ids, PAGE),
            WORKERS,
        ):
            for one, link in links:
                found.setdefault(one, []).append(link)
        return found

    def listed_links(self, row: Json, kind: ObjectKind, other: ObjectKind) -> list[Link]:
        """Return the links that came with a record of a list; the rest of many is asked for."""
        links = nested(nested(row, "associations"), other)
        if nested(nested(links, "paging"), "next"):
            return self.linked(kind, other, [str(row.get("id"))]).get(str(row.get("id")), [])
        return [
            Link(str(item.get("id")), str(item.get("type"))) for item in objects(links, "results")
        ]

    def _links(
        self, kind: ObjectKind, other: ObjectKind, inputs: list[Json]
    ) -> list[tuple[str, Link]]:
        path = self._paths.associations(kind, other)
        found: list[tuple[str, Link]] = []
        while inputs:
            self._go_on()
            rows = self._batch(path, {"inputs": inputs})
            inputs = []
            for row in rows:
                one = str(nested(row, "from").get("id"))
                for link in self._objects(row, "to", path):
                    found += [
                        (one, Link(str(link.get("toObjectId")), str(item.get("typeId"))))
                        for item in self._objects(link, "associationTypes", path)
                    ]
                after = self._cursor(row, path)
                if after is not None:
                    inputs.append({"id": one, "after": after})
        return found

    def _batch(self, path: str, asked: Json) -> list[Json]:
        """Return what a batch brings; what is not in it is not there.

        Raises:
            UnavailableError: something is missing for another reason than that.
        """
        body = self._answered(path, self._api.post(path, asked))
        for error in self._objects(body, "errors", path):
            if error.get("category") != _NOT_THERE:
                raise UnavailableError(
                    self._api.source, f"{path} lacks records ({error.get('category')})",
                    "Start again later: the load goes on",
                )  # fmt: skip
        return self._objects(body, "results", path)

    def _answered(self, path: str, body: Json | None) -> Json:
        """Where a list itself is not there, nothing says that its records are gone."""
        if body is None:
            raise AnswerError(
                self._api.source, f"{path} is not there", "Check the address of the source"
            )
        return body

    def _objects(self, body: Json, name: str, path: str) -> list[Json]:
        try:
            return objects(body, name)
        except FieldError as error:
            raise self._changed_api(path, error) from None

    def _cursor(self, body: Json, path: str) -> str | None:
        try:
            return text(nested(nested(body, "paging"), "next"), "after")
        except FieldError as error:
            raise self._changed_api(path, error) from None

    def _changed_api(self, path: str, error: FieldError) -> AnswerError:
        return AnswerError(
            self._api.source, f"{path}: {error}",
            "The API may have changed; look for a newer version of this connector",
        )  # fmt: skip
