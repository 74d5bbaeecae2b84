"""amoCRM's API v4 over the emulated CRM, as far as a reader uses it.

Paths, paging, filters, limits and errors follow the vendor's documentation: 204 for what is
empty, `_links.next` until the last page, the paid filter that is silently ignored when it is off,
the trash by `with=only_deleted`, single-use refresh tokens, 429 and then HTML with 403.
"""

from __future__ import annotations

import re
import secrets
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from operator import attrgetter
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from pipelines.sandbox.apis.amocrm_records import (
    ACCOUNT_ID,
    FIELDS,
    companies_of_deals,
    company_row,
    contact_row,
    deals_of_contacts,
    event_row,
    events_of,
    lead_row,
    pipeline_rows,
    reason_rows,
    user_rows,
)
from pipelines.sandbox.apis.amocrm_work import (
    call_rows,
    talk_rows,
    task_rows,
    threads_of,
    unsorted_rows,
)
from pipelines.sandbox.apis.serving import Asgi, Emulator, Json
from pipelines.sandbox.crm import Change, Contact, Deal

_MAX_LIMIT: Final = 250
_MAX_EVENTS: Final = 100
_REFUSALS_BEFORE_BLOCK: Final = 30
_MOST_KEPT: Final = 200  # answers that are kept for their further pages


@dataclass
class AmoCrm(Emulator):
    """An account; 7 requests a second are let through."""

    token: str = "long-lived-token"  # noqa: S105
    client_id: str = "client"
    client_secret: str = "client-secret"  # noqa: S105
    refresh_token: str | None = None
    access_seconds: int = 86_400
    # False: the add-on is not paid, so filters of leads, contacts and companies are ignored.
    has_filter: bool = True
    forbidden: set[str] = field(default_factory=set)  # ends of paths
    currency: str = "RUB"
    rates: dict[str, int] = field(default_factory=lambda: {"RUB": 1, "EUR": 100})
    _issued: dict[str, int] = field(default_factory=dict)
    _pages: dict[tuple[Any, ...], list[Any]] = field(default_factory=dict)
    _found_at: int = -1
    _answered: int = 0

    def routes(self) -> Asgi:
        """Return the application without faults."""
        get = ["GET"]
        routes = [
            Route("/oauth2/access_token", self._access_token, methods=["POST"]),
            Route("/api/v4/account", self._guarded(self._account), methods=get),
            Route("/api/v4/users", self._guarded(self._users), methods=get),
            Route("/api/v4/events", self._guarded(self._events), methods=get),
            Route("/api/v4/leads/pipelines", self._guarded(self._pipelines), methods=get),
            Route("/api/v4/leads/loss_reasons", self._guarded(self._reasons), methods=get),
            Route("/api/v4/{entity}/custom_fields", self._guarded(self._fields), methods=get),
            Route("/api/v4/leads", self._guarded(self._leads), methods=get),
            Route("/api/v4/contacts", self._guarded(self._contacts), methods=get),
            Route("/api/v4/companies", self._guarded(self._companies), methods=get),
            Route("/api/v4/talks", self._guarded(self._talks), methods=get),
            Route("/api/v4/talks/{number:int}", self._guarded(self._talk), methods=get),
            Route("/api/v4/tasks", self._guarded(self._tasks), methods=get),
            Route("/api/v4/leads/unsorted", self._guarded(self._unsorted), methods=get),
            Route("/api/v4/{entity}/notes", self._guarded(self._notes), methods=get),
            Route("/api/v4/leads/{number:int}", self._guarded(self._lead), methods=get),
            Route("/api/v4/contacts/{number:int}", self._guarded(self._contact), methods=get),
        ]
        return Starlette(routes=routes)

    def expire_tokens(self) -> None:
        """Let every access token end at once, as the vendor does after a day."""
        self._issued.clear()

    # Access

    async def _access_token(self, request: Request) -> Response:
        asked = await request.json()
        known = (
            asked.get("client_id") == self.client_id
            and asked.get("client_secret") == self.client_secret
            and asked.get("grant_type") == "refresh_token"
            and self.refresh_token is not None
            and asked.get("refresh_token") == self.refresh_token
        )
        if not known:
            return _problem(400, "Bad Request", "Refresh token is invalid or was used")
        access = secrets.token_hex(16)
        self.refresh_token = secrets.token_hex(16)
        self._issued[access] = self._now + self.access_seconds
        return JSONResponse(
            {
                "token_type": "Bearer", "expires_in": self.access_seconds,
                "server_time": self._now, "access_token": access,
                "refresh_token": self.refresh_token,
            }
        )  # fmt: skip

    def _guarded(self, answer: Callable[[Request], Response]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            response = self._refusal(request) or answer(request)
            response.headers["Date"] = format_datetime(
                datetime.fromtimestamp(self._now, UTC), usegmt=True
            )
            return response

        return endpoint

    def _refusal(self, request: Request) -> Response | None:
        if not self.gate.lets_through():
            if self.gate.refused > _REFUSALS_BEFORE_BLOCK:
                return HTMLResponse("<html><body>403 Forbidden nginx</body></html>", 403)
            return _problem(429, "Too Many Requests", "Request limit is exceeded")
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        lives = given == self.token or self._issued.get(given, 0) > self._now
        if scheme != "Bearer" or not lives:
            return _problem(401, "Unauthorized", "Token expired")
        path = request.url.path
        if any(path.endswith(f"/{end}") for end in self.forbidden):
            return _problem(403, "Forbidden", "Access denied")
        return _problem(404, "Not Found", "Not found") if self.lacks(path) else None

    # Dictionaries

    def _account(self, _: Request) -> Response:
        return _hal(
            {
                "id": ACCOUNT_ID, "name": "Зерно и Пар", "subdomain": "demo",
                "currency": self.currency, "is_api_filter_enabled": self.has_filter,
                "_embedded": {"datetime_settings": {"timezone": "Europe/Moscow"}},
            }
        )  # fmt: skip

    def _users(self, request: Request) -> Response:
        return self._page(request, "users", user_rows(self.crm), with_total=True)

    def _pipelines(self, _: Request) -> Response:
        rows = pipeline_rows()
        return _hal({"_total_items": len(rows), "_embedded": {"pipelines": rows}})

    def _reasons(self, request: Request) -> Response:
        return self._page(request, "loss_reasons", reason_rows())

    def _fields(self, request: Request) -> Response:
        fields = FIELDS.get(request.path_params["entity"])
        if fields is None:
            return _problem(404, "Not Found", "Not found")
        return self._page(request, "custom_fields", list(fields), with_total=True)

    # Records

    def _leads(self, request: Request) -> Response:
        asked = _with(request)
        if "only_deleted" in asked:
            newest_first = request.query_params.get("order[updated_at]") == "desc"
            trash = sorted(
                ((at, number) for number, (at, winner) in self.crm.gone_deals.items()
                 if winner is None),
                reverse=newest_first,
            )  # fmt: skip
            bare = [
                {"id": number, "updated_at": at, "updated_by": 0, "is_deleted": True}
                for at, number in trash
            ]
            return self._page(request, "leads", bare)
        rows = self._found("leads", request, self.crm.deals.values(), "deal_id")
        return self._page(request, "leads", rows, lambda deal: self._lead_row(deal, asked))

    def _lead(self, request: Request) -> Response:
        deal = self.crm.deals.get(request.path_params["number"])
        return _hal(None if deal is None else self._lead_row(deal, _with(request)))

    def _lead_row(self, deal: Deal, asked: set[str]) -> Json:
        rate = self.rates[deal.currency_code] if deal.currency_code != self.currency else 1
        return self._changed("leads", lead_row(deal, asked, self.currency, rate))

    def _contacts(self, request: Request) -> Response:
        rows = self._found("contacts", request, self.crm.contacts.values(), "contact_id")
        asked = _with(request)
        return self._page(request, "contacts", rows, lambda row: self._contact_row(row, asked))

    def _contact(self, request: Request) -> Response:
        contact = self.crm.contacts.get(request.path_params["number"])
        return _hal(None if contact is None else self._contact_row(contact, _with(request)))

    def _contact_row(self, contact: Contact, asked: set[str]) -> Json:
        deals = None
        if "leads" in asked:
            linked = self._kept(("deals of contacts",), lambda: [deals_of_contacts(self.crm)])[0]
            deals = linked[contact.contact_id]
        return self._changed("contacts", contact_row(contact, deals))

    def _changed(self, entity: str, row: Json) -> Json:
        return row if self.change_row is None else self.change_row(entity, row)

    def _companies(self, request: Request) -> Response:
        companies = self._kept(("companies",), lambda: companies_of_deals(self.crm))
        rows = self._found("companies", request, companies, "company_id")
        names = self.crm.companies
        return self._page(
            request, "companies", rows, lambda row: company_row(row, names[row.company_id])
        )

    # Work

    def _talks(self, request: Request) -> Response:
        rows = self._all_talks()
        wanted = request.query_params.get("filter[entity_id]")
        if wanted is not None:
            kind = request.query_params.get("filter[entity_type]")
            rows = [
                row for row in rows
                if str(row["entity_id"]) == wanted and row["entity_type"] == kind
            ]  # fmt: skip
        return self._page(request, "talks", rows)

    def _all_talks(self) -> list[Json]:
        threads = self._kept(("threads",), lambda: [threads_of(self.crm)])[0]
        return self._kept(("talks",), lambda: talk_rows(self.crm, threads))

    def _talk(self, request: Request) -> Response:
        number = request.path_params["number"]
        found = [row for row in self._all_talks() if row["talk_id"] == number]
        return _hal(found[0]) if found else _problem(404, "Not Found", "Not found")

    def _tasks(self, request: Request) -> Response:
        rows = self._kept(("tasks",), lambda: task_rows(self.crm))
        return self._since(request, "tasks", rows)

    def _notes(self, request: Request) -> Response:
        entity = request.path_params["entity"]
        rows = self._kept(("calls", entity), lambda: call_rows(self.crm, entity))
        types = request.query_params.getlist("filter[note_type][]")
        return self._since(
            request, "notes", [row for row in rows if not types or row["note_type"] in types]
        )

    def _unsorted(self, request: Request) -> Response:
        return self._page(request, "unsorted", unsorted_rows(self.crm))

    def _since(self, request: Request, name: str, rows: list[Json]) -> Response:
        """Tasks and notes have filters without the add-on."""
        begin = int(request.query_params.get("filter[updated_at][from]", 0))
        return self._page(request, name, [row for row in rows if row["updated_at"] >= begin])

    def _events(self, request: Request) -> Response:
        query = request.query_params
        types = query.getlist("filter[type][]")
        begin = int(query.get("filter[created_at][from]", 0))
        end = int(query.get("filter[created_at][to]", 1 << 62))
        rows = self._kept(
            ("events", *types, begin, end),
            lambda: [
                event
                for change in reversed(self._between(begin, end))
                for event in events_of(change)
                if not types or event.kind in types
            ],
        )
        return self._page(request, "events", rows, event_row, _MAX_EVENTS)

    def _between(self, begin: int, end: int) -> list[Change]:
        """What happened from a second to another one; changes are in the order of time."""
        happened = self._kept(("happened",), lambda: self.crm.happened)
        first = bisect_left(happened, begin, key=attrgetter("at"))
        return happened[first : bisect_right(happened, end, key=attrgetter("at"))]

    def _kept(self, question: tuple[Any, ...], find: Callable[[], list[Any]]) -> list[Any]:
        """Find an answer once, until the CRM moves on: lists are asked for page by page."""
        if self._found_at != self.crm.version or len(self._pages) > _MOST_KEPT:
            self._pages.clear()
            self._found_at = self.crm.version
        if question not in self._pages:
            self._pages[question] = find()
        return self._pages[question]

    # Lists

    def _found(
        self, entity: str, request: Request, records: Iterable[Any], key: str
    ) -> Sequence[Any]:
        """Filter and order records, as far as the account may filter."""
        query = request.query_params
        begin = int(query.get("filter[updated_at][from]", 0)) if self.has_filter else 0
        end = int(query.get("filter[updated_at][to]", 1 << 62)) if self.has_filter else 1 << 62
        ids = {int(value) for value in query.getlist("filter[id][]")} if self.has_filter else set()
        order = next((name for name in query if name.startswith("order[")), "order[id]")
        backwards = query.get(order) == "desc"
        by = {"order[updated_at]": "updated_at", "order[created_at]": "created_at"}.get(order, key)
        sorted_rows = self._kept(
            (entity, by, backwards),
            lambda: sorted(
                records, key=lambda row: (getattr(row, by), getattr(row, key)), reverse=backwards
            ),
        )
        if not ids and begin == 0 and end == 1 << 62:
            return sorted_rows
        return self._kept(
            (entity, begin, end, tuple(sorted(ids)), by, backwards),
            lambda: [
                row for row in sorted_rows
                if begin <= row.updated_at <= end and (not ids or getattr(row, key) in ids)
            ],
        )  # fmt: skip

    def _page(
        self,
        request: Request,
        name: str,
        rows: Sequence[Any],
        render: Callable[[Any], Json] = lambda row: row,
        most: int = _MAX_LIMIT,
        *,
        with_total: bool = False,
    ) -> Response:
        page = max(1, int(request.query_params.get("page", 1)))
        limit = min(most, max(1, int(request.query_params.get("limit", 50))))
        begin = (page - 1) * limit
        shown = [render(row) for row in rows[begin : begin + limit]]
        if not shown:
            return Response(status_code=204)
        body: Json = {"_page": page, "_links": {"self": {"href": self._href(request, page)}}}
        if begin + limit < len(rows):
            body["_links"]["next"] = {"href": self._href(request, page + 1)}
        if with_total:
            body |= {"_total_items": len(rows), "_page_count": -(-len(rows) // limit)}
        body["_embedded"] = {name: shown}
        response = _hal(body)
        self._answered += 1
        if self.between_pages is not None:
            self.between_pages(self._answered)
        return response

    def _href(self, request: Request, page: int) -> str:
        query = re.sub(r"(^|&)page=\d+", "", request.url.query)
        return f"{self.base_url or request.base_url}".rstrip("/") + (
            f"{request.url.path}?{query}&page={page}".replace("?&", "?")
        )


def _with(request: Request) -> set[str]:
    return {name for name in request.query_params.get("with", "").split(",") if name}


def _hal(body: Json | None) -> Response:
    if body is None:
        return Response(status_code=204)
    return JSONResponse(body, media_type="application/hal+json")


def _problem(status: int, title: str, detail: str) -> Response:
    body = {"title": title, "type": f"https://httpstatus.es/{status}", "status": status}
    return JSONResponse(body | {"detail": detail}, status, media_type="application/problem+json")
