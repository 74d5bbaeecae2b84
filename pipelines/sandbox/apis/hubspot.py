"""HubSpot's CRM API over the emulated CRM, as far as a reader uses it.

Both styles of paths (v3/v4 and dated) lead to the same answers: pages of 100 (50 with history) by
cursor, a search that ends at 10 000 results and shows changes late, batch reads that answer 207
where ids are missing, the bin as a list of its own, merges told only by the record that stays.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipelines.sandbox.apis.hubspot_access import GuardedAccount, RefusedError
from pipelines.sandbox.apis.hubspot_chats import thread_row
from pipelines.sandbox.apis.hubspot_records import (
    DEFINED,
    HOME_CURRENCY,
    KINDS,
    LINKS,
    Records,
    iso,
    owners,
    pipelines,
)
from pipelines.sandbox.apis.hubspot_search import SearchError, search
from pipelines.sandbox.apis.serving import Asgi, Json

_DATED: Final = "2026-09"
_MAX_LIMIT: Final = 100
_MAX_WITH_HISTORY: Final = 50


@dataclass
class HubSpot(GuardedAccount):
    """An account."""

    currency: str | None = HOME_CURRENCY
    index_delay_seconds: int = 0  # of the search
    most_searched: int = 10_000
    versions_kept: int = 20
    links_in_a_page: int = 100
    # The vendor does not say what a cursor is: an id to begin with or behind, any one or only one
    # that a page led to.
    cursor_is_behind: bool = False
    needs_known_cursors: bool = False
    troubled: set[int] = field(default_factory=set)  # ids that a batch cannot read just now
    more_properties: dict[str, list[Json]] = field(default_factory=dict)
    _cursors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin with the CRM as it stands."""
        self.records = Records(self.crm)

    def routes(self) -> Asgi:
        """Return the application without faults."""
        routes = [Route("/oauth/v1/token", self.access_token, methods=["POST"])]
        for path in ("v3/conversations/threads", f"conversations/{_DATED}/threads"):
            endpoint = self.guarded(self._threads, "conversations")
            routes.append(Route(f"/conversations/{path}", endpoint, methods=["GET"]))
        for prefix, dated in (("/crm/v3/{}", False), (f"/crm/{{}}/{_DATED}", True)):
            objects = prefix.format("objects") + "/{kind}"
            links = prefix.format("associations") if dated else "/crm/v4/associations"
            account = _DATED if dated else "v3"
            for method, path, answer, scope in (
                ("GET", f"/account-info/{account}/details", self._details, "details"),
                ("GET", prefix.format("owners"), self._owners, "owners"),
                ("GET", prefix.format("pipelines") + "/{kind}", self._pipelines, "schemas"),
                ("GET", prefix.format("properties") + "/{kind}", self._properties, ""),
                ("GET", objects, self._list, ""),
                ("POST", f"{objects}/batch/read", self._batch, ""),
                ("POST", f"{objects}/search", self._search, ""),
                ("POST", links + "/{kind}/{other}/batch/read", self._associations, ""),
            ):
                routes.append(Route(path, self.guarded(answer, scope), methods=[method]))
        return Starlette(routes=routes)

    def forget_cursors(self) -> None:
        """Let no page of before lead on."""
        self._cursors.clear()

    # Dictionaries

    def _details(self, _: Request, __: Any) -> Response:
        return JSONResponse(
            {
                "portalId": 12_345, "accountType": "STANDARD", "timeZone": "Europe/Moscow",
                "companyCurrency": self.currency, "additionalCurrencies": ["EUR"],
                "utcOffset": "+03:00", "utcOffsetMilliseconds": 10_800_000,
            }
        )  # fmt: skip

    def _owners(self, request: Request, _: Any) -> Response:
        rows = owners(self.crm, archived=request.query_params.get("archived") == "true")
        places = list(range(len(rows)))
        return self._page(request, places, lambda place: rows[place], most=500, usual=100)

    def _pipelines(self, request: Request, _: Any) -> Response:
        return JSONResponse({"results": pipelines() if _kind(request) == "deals" else []})

    def _properties(self, request: Request, _: Any) -> Response:
        kind = _kind(request)
        return JSONResponse({"results": [*DEFINED[kind], *self.more_properties.get(kind, [])]})

    # Records

    def _list(self, request: Request, _: Any) -> Response:
        kind = _kind(request)
        history = _names(request, "propertiesWithHistory")
        properties = _names(request, "properties")
        targets = _names(request, "associations")
        archived = request.query_params.get("archived") == "true"

        def shown(number: int) -> Json:
            if archived:
                return self._archived_row(kind, number)
            links = {to: found for to in targets if (found := self._listed_links(kind, number, to))}
            return self._row(kind, number, properties, history, links)

        most = _MAX_WITH_HISTORY if history else _MAX_LIMIT
        return self._page(request, self.records.ids(kind, archived=archived), shown, most=most)

    def _listed_links(self, kind: str, number: int, target: str) -> Json | None:
        others = self.records.linked(kind, target, number)
        if not others:
            return None
        shown = others[: self.links_in_a_page]
        # One other record is here once for each label of the link.
        results = [
            {"id": str(other), "type": name} for other in shown for name, _ in LINKS[kind, target]
        ]
        more = {"paging": {"next": {"after": str(len(shown))}}} if len(others) > len(shown) else {}
        return {"results": results, **more}

    def _batch(self, request: Request, body: Any) -> Response:
        kind = _kind(request)
        history = list(body.get("propertiesWithHistory") or ())
        asked = [str(item["id"]) for item in body["inputs"]]
        if len(asked) > (_MAX_WITH_HISTORY if history else _MAX_LIMIT):
            raise RefusedError(400, "VALIDATION_ERROR", "The maximum number of inputs is exceeded")
        rows, missing = {}, []
        for one in asked:
            number = self.records.found(kind, int(one))
            if number is None:
                missing.append(one)
            else:
                rows[number] = self._row(kind, number, body.get("properties") or [], history)
        troubled = [str(number) for number in self.troubled & rows.keys()]
        if troubled:
            shown = [row for number, row in rows.items() if number not in self.troubled]
            return _batch_of(shown, "Internal error", troubled, "INTERNAL_ERROR")
        return _batch_of(list(rows.values()), "Could not get some objects", missing)

    def _search(self, request: Request, body: Any) -> Response:
        kind = _kind(request)
        try:
            found = search(self.records, kind, body, self.crm.now - self.index_delay_seconds)
        except SearchError as error:
            raise RefusedError(400, "VALIDATION_ERROR", str(error)) from None
        limit, after = int(body["limit"]), int(body["after"])
        if after + limit > self.most_searched:
            raise RefusedError(400, "VALIDATION_ERROR", "paging past 10000 results is not possible")
        rows = [
            self._row(kind, number, body["properties"], [])
            for number in found[after : after + limit]
        ]
        answer: Json = {"total": len(found), "results": rows}
        if after + limit < len(found):
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return JSONResponse(answer)

    def _associations(self, request: Request, body: Any) -> Response:
        kind, other = _kind(request), KINDS[request.path_params["other"]]
        if len(body["inputs"]) > _MAX_LIMIT:
            raise RefusedError(400, "VALIDATION_ERROR", "The maximum number of inputs is exceeded")
        results, missing = [], []
        for item in body["inputs"]:
            number, begin = int(item["id"]), int(item.get("after") or 0)
            others = self.records.linked(kind, other, number)
            shown = others[begin : begin + self.links_in_a_page]
            if not shown:
                missing.append(str(number))
                continue
            row: Json = {"from": {"id": str(number)}, "to": []}
            for link in shown:
                types = [
                    {"category": "HUBSPOT_DEFINED", "typeId": number_of, "label": None}
                    for _, number_of in LINKS[kind, other]
                ]
                row["to"].append({"toObjectId": link, "associationTypes": types})
            if begin + len(shown) < len(others):
                row["paging"] = {"next": {"after": str(begin + len(shown))}}
            results.append(row)
        return _batch_of(results, f"No {other} is associated", missing)

    def _threads(self, request: Request, _: Any) -> Response:
        query = request.query_params
        since, order = query.get("latestMessageTimestampAfter"), query.get("sort")
        if (order is not None) != (since is not None) or (
            query.get("associatedContactId") and not query.get("threadStatus")
        ):
            raise RefusedError(400, "VALIDATION_ERROR", "These parameters do not go together")
        threads = self.records.chats.threads() if query.get("archived") != "true" else {}
        with_ticket = query.get("association") == "TICKET"
        if since is None:
            ids = sorted(threads)
        else:
            begin = datetime.fromisoformat(since).timestamp()
            ids = [number for number, row in threads.items() if row["latest"] > begin]
            ids.sort(key=lambda number: (threads[number]["latest"], number))
        # Of chats the cursor is a place, so they move while pages are read.
        return self._page(
            request, range(len(ids)),
            lambda place: self._changed(
                "threads",
                thread_row(ids[place], threads[ids[place]], iso, with_ticket=with_ticket),
            ),
            most=500,
        )  # fmt: skip

    def _changed(self, kind: str, row: Json) -> Json:
        return row if self.change_row is None else self.change_row(kind, row)

    def _row(
        self,
        kind: str,
        number: int,
        properties: Sequence[str],
        history: Sequence[str],
        links: Json | None = None,
    ) -> Json:
        values = self.records.properties(kind, number)
        change = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        names = dict.fromkeys([*properties, *history, "createdate", change, "hs_object_id"])
        created, changed = self.records.times(kind, number)
        row: Json = {
            "id": str(number),
            "properties": {
                name: values.get(name) for name in names if self._exists(kind, name, values)
            },
            "createdAt": iso(created), "updatedAt": iso(changed), "archived": False,
        }  # fmt: skip
        if history:
            row["propertiesWithHistory"] = self.records.history(number, history, self.versions_kept)
        if links:
            row["associations"] = links
        return self._changed(kind, row)

    def _exists(self, kind: str, name: str, values: Json) -> bool:
        """A property that does not exist is left out without a word."""
        return name in values or any(
            item["name"] == name for item in self.more_properties.get(kind, [])
        )

    def _archived_row(self, kind: str, number: int) -> Json:
        at = iso(self.records.archived(kind)[number])
        return {
            "id": str(number), "properties": {"hs_object_id": str(number)}, "createdAt": iso(0),
            "updatedAt": iso(0), "archived": True, "archivedAt": at,
        }  # fmt: skip

    def _page(
        self,
        request: Request,
        ids: Sequence[int],
        render: Callable[[int], Json],
        most: int = _MAX_LIMIT,
        usual: int = 10,
    ) -> Response:
        try:
            limit = int(request.query_params.get("limit", usual))
            after = int(request.query_params.get("after", 0))
        except ValueError:
            raise RefusedError(400, "VALIDATION_ERROR", "Invalid integer") from None
        if not 0 < limit <= most:
            raise RefusedError(400, "VALIDATION_ERROR", f"limit must be at most {most}")
        if after and self.needs_known_cursors and str(after) not in self._cursors:
            raise RefusedError(400, "VALIDATION_ERROR", "The cursor is unknown")
        # The cursor is an id, so nothing moves between pages.
        begin = bisect_right(ids, after if self.cursor_is_behind else after - 1) if after else 0
        shown = ids[begin : begin + limit]
        body: Json = {"results": [render(number) for number in shown]}
        if begin + limit < len(ids):
            following = str(shown[-1] + (0 if self.cursor_is_behind else 1))
            self._cursors.add(following)
            host = self.base_url or f"{request.base_url}".rstrip("/")
            link = f"{host}{request.url.path}?after={following}&limit={limit}"
            body["paging"] = {"next": {"after": following, "link": link}}
        return JSONResponse(body)


def _kind(request: Request) -> str:
    kind = KINDS.get(request.path_params["kind"])
    if kind is None:
        raise RefusedError(400, "VALIDATION_ERROR", "Unable to infer object type")
    return kind


def _names(request: Request, parameter: str) -> list[str]:
    return [
        name
        for value in request.query_params.getlist(parameter)
        for name in value.split(",")
        if name
    ]


def _batch_of(
    results: list[Json], message: str, missing: list[str], category: str = "OBJECT_NOT_FOUND"
) -> Response:
    body: Json = {
        "status": "COMPLETE", "results": results, "startedAt": iso(0), "completedAt": iso(0),
    }  # fmt: skip
    if not missing:
        return JSONResponse(body)
    error = {
        "status": "error", "category": category, "message": message,
        "context": {"ids": missing},
    }  # fmt: skip
    return JSONResponse(body | {"numErrors": 1, "errors": [error]}, 207)
