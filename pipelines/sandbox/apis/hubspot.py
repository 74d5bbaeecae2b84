"""HubSpot's CRM API over the emulated CRM, as far as a reader uses it.

Both styles of paths (v3/v4 and dated) lead to the same answers: pages of 100 (50 with history) by
cursor, a search that ends at 10 000 results and shows changes late, batch reads that answer 207
where ids are missing, the bin as a list of its own, merges told only by the record that stays.
"""

from __future__ import annotations

import json
import secrets
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

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
from pipelines.sandbox.apis.serving import Asgi, Emulator, Gate, Json

_DATED: Final = "2026-09"
_MAX_LIMIT: Final = 100
_MAX_WITH_HISTORY: Final = 50
_LONGEST_URL: Final = 4_000
_SCOPES: Final = {
    "deals": "crm.objects.deals.read", "contacts": "crm.objects.contacts.read",
    "companies": "crm.objects.companies.read", "owners": "crm.objects.owners.read",
    "schemas": "crm.schemas.deals.read", "details": "oauth", "tickets": "tickets",
    "conversations": "conversations.read",
}  # fmt: skip
Answer = Callable[[Request, Any], Response]


class RefusedError(Exception):
    """A request that the vendor refuses."""

    def __init__(self, status: int, category: str, message: str, **more: Any) -> None:
        super().__init__(message)
        body = {
            "status": "error", "message": message, "category": category, **more,
            "correlationId": str(UUID(int=status)),
        }  # fmt: skip
        self.response = JSONResponse(body, status)


@dataclass
class HubSpot(Emulator):
    """An account; 100 requests in ten seconds are let through, 5 a second of the search."""

    token: str = "private-app-token"  # noqa: S105
    client_id: str = "client"
    client_secret: str = "client-secret"  # noqa: S105
    refresh_token: str | None = None
    rotates: bool = False  # whether a refresh token works once
    access_seconds: int = 1_800
    currency: str | None = HOME_CURRENCY
    gate: Gate = field(default_factory=lambda: Gate(100, 10.0))
    search_gate: Gate = field(default_factory=lambda: Gate(5, 1.0))
    left_today: int | None = None  # requests of this day; null: as many as one likes
    statuses_at: dict[int, int] = field(default_factory=dict)  # answers by number of request
    index_delay_seconds: int = 0  # of the search
    most_searched: int = 10_000
    versions_kept: int = 20
    links_in_a_page: int = 100
    # The vendor does not say what a cursor is: an id to begin with or behind, any one or only one
    # that a page led to.
    cursor_is_behind: bool = False
    needs_known_cursors: bool = False
    scopes: set[str] = field(default_factory=lambda: set(_SCOPES.values()))
    troubled: set[int] = field(default_factory=set)  # ids that a batch cannot read just now
    more_properties: dict[str, list[Json]] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)  # requests by the last word of their path
    _issued: dict[str, int] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)
    _cursors: set[str] = field(default_factory=set)
    _answered: int = 0
    _number: int = 0

    def __post_init__(self) -> None:
        """Begin with the CRM as it stands."""
        self.records = Records(self.crm)

    def routes(self) -> Asgi:
        """Return the application without faults."""
        routes = [Route("/oauth/v1/token", self._access_token, methods=["POST"])]
        for path in ("v3/conversations/threads", f"conversations/{_DATED}/threads"):
            endpoint = self._guarded(self._threads, "conversations")
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
                routes.append(Route(path, self._guarded(answer, scope), methods=[method]))
        return Starlette(routes=routes)

    def expire_tokens(self) -> None:
        """Let every access token end at once, as the vendor does after half an hour."""
        self._ended |= set(self._issued)
        self._issued.clear()

    def forget_cursors(self) -> None:
        """Let no page of before lead on."""
        self._cursors.clear()

    # Access

    async def _access_token(self, request: Request) -> Response:
        asked = {
            name: values[0] for name, values in parse_qs((await request.body()).decode()).items()
        }
        known = (
            asked.get("client_id") == self.client_id
            and asked.get("client_secret") == self.client_secret
            and asked.get("grant_type") == "refresh_token"
            and self.refresh_token is not None
            and asked.get("refresh_token") == self.refresh_token
        )
        if not known:
            return RefusedError(
                400, "BAD_REFRESH_TOKEN", "missing or invalid refresh token"
            ).response
        access = secrets.token_hex(16)
        if self.rotates:
            self.refresh_token = secrets.token_hex(16)
        self._issued[access] = self._now + self.access_seconds
        return JSONResponse(
            {
                "token_type": "bearer", "expires_in": self.access_seconds, "hub_id": 12_345,
                "access_token": access, "refresh_token": self.refresh_token,
            }
        )  # fmt: skip

    def _guarded(self, answer: Answer, scope: str) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            try:
                body = await request.json() if request.method == "POST" else None
                self._admit(request, scope)
                response = answer(request, body)
                self._answered += 1
                if self.between_pages is not None:
                    self.between_pages(self._answered)
            except RefusedError as refused:
                response = refused.response
            except json.JSONDecodeError:
                response = RefusedError(400, "VALIDATION_ERROR", "Invalid input JSON").response
            moment = datetime.fromtimestamp(self._now, UTC)
            response.headers["Date"] = format_datetime(moment, usegmt=True)
            if not request.url.path.endswith("/search"):
                response.headers["X-HubSpot-RateLimit-Max"] = str(self.gate.calls)
                response.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] = "10000"
            return response

        return endpoint

    def _admit(self, request: Request, scope: str) -> None:
        path = request.url.path
        word = path.rpartition("/")[2]
        self.asked[word] = self.asked.get(word, 0) + 1
        is_search = path.endswith("/search")
        if not (self.search_gate if is_search else self.gate).lets_through():
            policy = "SECONDLY" if is_search else "TEN_SECONDLY_ROLLING"
            raise _too_many(policy)
        if self.left_today is not None:
            self.left_today -= 1
            if self.left_today < 0:
                raise _too_many("DAILY")
        number, self._number = self._number, self._number + 1
        if number in self.statuses_at:
            status = self.statuses_at[number]
            raise RefusedError(status, "MIGRATION_IN_PROGRESS", f"Answered with {status}")
        self._check_token(request)
        needed = _SCOPES[scope or KINDS.get(request.path_params.get("kind", ""), "deals")]
        if needed not in self.scopes:
            raise RefusedError(
                403, "MISSING_SCOPES",
                "This app hasn't been granted all required scopes to make this call.",
                errors=[
                    {
                        "message": "One or more of the following scopes are required.",
                        "context": {"requiredGranularScopes": [needed]},
                    }
                ],
            )  # fmt: skip
        if len(str(request.url)) > _LONGEST_URL:
            raise RefusedError(414, "VALIDATION_ERROR", "URI Too Long")

    def _check_token(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" and (given == self.token or self._issued.get(given, 0) > self._now):
            return
        has_ended = given in self._issued or given in self._ended
        raise RefusedError(
            401,
            "EXPIRED_AUTHENTICATION" if has_ended else "INVALID_AUTHENTICATION",
            "Authentication credentials not found or expired.",
        )

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


def _too_many(policy: str) -> RefusedError:
    return RefusedError(
        429, "RATE_LIMITS", f"You have reached your {policy.lower()} limit.",
        errorType="RATE_LIMIT", policyName=policy, requestId=str(UUID(int=429)),
    )  # fmt: skip
