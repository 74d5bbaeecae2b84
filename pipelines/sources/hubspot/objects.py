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
_ASK_AGAIN: Final = 6
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


Page = tuple[list[Json], str | None]
"""Records of a list, and the cursor of the next page; null: this was the last one."""
Fits = Callable[[list[Json]], bool]
"""Whether records may be those of the page that was asked for."""


class RepeatedError(UnavailableError):
    """A list answers with a page that was not asked for, again and again."""


def _any(_: list[Json]) -> bool:
    return True


def _behind(last: str) -> Json:
    return {"propertyName": "hs_object_id", "operator": "GT", "value": last}


class Objects:
    """The records of one account."""

    def __init__(self, api: JsonApi, paths: Paths) -> None:
        self._api = api
        self._paths = paths

    def pages(
        self, path: str, query: Json, after: str | None = None, fits: Fits = _any
    ) -> Iterator[Page]:
        """Yield the pages of a list behind a cursor; what does not fit is asked for again.

        Raises:
            RepeatedError: it never fits.
        """
        while True:
            rows, after = self._page(path, query, after, fits)
            yield rows, after
            if after is None:
                return

    def all(self, path: str, query: Json) -> Iterator[Json]:
        """Yield what a list holds."""
        for rows, _ in self.pages(path, query):
            yield from rows

    def _page(self, path: str, query: Json, after: str | None, fits: Fits) -> Page:
        """Return the page behind a cursor: the page before may be served instead, leading to it."""
        asked = query if after is None else {**query, "after": after}
        for _ in range(_ASK_AGAIN):
            body = self._answered(path, self._api.get(path, asked, is_list=True))
            rows, following = self._objects(body, "results", path), self._cursor(body, path)
            if (after is None or following != after) and fits(rows):
                return rows, following
        raise RepeatedError(
            self._api.source, f"{path} leads to the same page again", "Start again later"
        )

    def listed(
        self,
        kind: ObjectKind,
        properties: Sequence[str] = (),
        history: Sequence[str] = (),
        links: Sequence[ObjectKind] = (),
        after: str | None = None,
        fits: Fits = _any,
    ) -> Iterator[Page]:
        """Yield the pages of the records of a kind behind a cursor, in the order of their ids."""
        query: Json = {"limit": WITH_HISTORY if history else PAGE, "archived": "false"}
        for name, values in (
            ("properties", properties), ("propertiesWithHistory", history), ("associations", links),
        ):  # fmt: skip
            if values:
                query[name] = ",".join(values)
        return self.pages(self._paths.objects(kind), query, after, fits)

    def binned(self, kind: ObjectKind) -> Iterator[Json]:
        """Yield the records of a kind that are in the bin."""
        return self.all(self._paths.objects(kind), {"limit": PAGE, "archived": "true"})

    def id_behind(self, kind: ObjectKind, last: int, place: int = 1) -> int | None:
        """Return the id of the `place`-th record behind an id; a search finds 10 000 at most."""
        found, _ = self._search(kind, [_behind(str(last))], limit=1, after=place - 1)
        return int(found[0]) if found else None

    def changed_ids(self, kind: ObjectKind, since: datetime) -> Iterator[str]:
        """Yield the ids of the records that changed since a moment, in their order.

        Each page is a search for what is behind the last id: pages by number end at 10 000
        records, and records that change meanwhile stay in what is searched for.
        """
        begin = str(int(since.timestamp() * 1000))
        changed = {"propertyName": _CHANGED[kind], "operator": "GTE", "value": begin}
        last = "0"
        while True:
            found, has_more = self._search(kind, [changed, _behind(last)], limit=SEARCH_PAGE)
            yield from found
            if not has_more or not found:
                return
            last = found[-1]

    def _search(
        self, kind: ObjectKind, filters: list[Json], *, limit: int, after: int = 0
    ) -> tuple[list[str], bool]:
        """Return ids in their order, and whether there are more."""
        path = self._paths.search(kind)
        answer = self._api.post(
            path,
            {
                "filterGroups": [{"filters": filters}],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": ["hs_object_id"], "limit": limit, "after": str(after),
            },
        )  # fmt: skip
        body = self._answered(path, answer)
        found = [str(row.get("id")) for row in self._results(body, path)]
        last = int(filters[-1]["value"])
        if found and (not found[-1].isdigit() or int(found[-1]) <= last):
            raise AnswerError(
                self._api.source, f"{path} is not in the order of ids", "Start again later"
            )
        return found, self._cursor(body, path) is not None

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
        if body.get("status") not in (None, "COMPLETE"):
            raise UnavailableError(
                self._api.source, f"{path} is not complete ({body['status']})",
                "Start again later: the load goes on",
            )  # fmt: skip
        for error in self._objects(body, "errors", path):
            if error.get("category") != _NOT_THERE:
                raise UnavailableError(
                    self._api.source, f"{path} lacks records ({error.get('category')})",
                    "Start again later: the load goes on",
                )  # fmt: skip
        return self._results(body, path)

    def _results(self, body: Json, path: str) -> list[Json]:
        """Return the list of an answer; an error may come as an answer that has none.

        Raises:
            UnavailableError: there is no list.
        """
        if "results" not in body:
            raise UnavailableError(
                self._api.source, f"{path} answers without results",
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
