"""amoCRM's API v4 over the emulated CRM, as far as a reader uses it.

Paths, paging, filters, limits and errors follow the vendor's documentation: 204 for what is
empty, `_links.next` until the last page, the paid filter that is silently ignored when it is off,
the trash by `with=only_deleted`, single-use refresh tokens, 429 and then HTML with 403.
"""

from __future__ import annotations

import re
import secrets
from bisect import bisect_left, bisect_right
from collections import defaultdict
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

from pipelines.sandbox.apis.amocrm_work import (
    call_rows,
    talk_rows,
    task_rows,
    threads_of,
    unsorted_rows,
)
from pipelines.sandbox.apis.serving import Asgi, Emulator, Json
from pipelines.sandbox.business import LOST, PIPELINES, STAGES, WON
from pipelines.sandbox.crm import Change, Contact, Deal
from pipelines.sandbox.texts import LOSS_REASONS

WON_STATUS: Final = 142
LOST_STATUS: Final = 143
_PIPELINE: Final = 1_300
_STATUS: Final = 32_392_100
_REASON: Final = 4_203_700
_USER: Final = 123_100
_MAX_LIMIT: Final = 250
_MAX_EVENTS: Final = 100
_REFUSALS_BEFORE_BLOCK: Final = 30
_MOST_KEPT: Final = 200  # answers that are kept for their further pages
_CHAT: Final = "incoming_chat_message"
_EVENT_TYPES: Final = {
    "contact_added": ("contact_added",), "contact_merged": ("entity_merged",),
    "contact_deleted": ("contact_deleted",), "deal_added": ("lead_added", _CHAT),
    "stage_changed": ("lead_status_changed",), "deal_deleted": ("lead_deleted",),
    "owner_changed": ("entity_responsible_changed",), "deal_restored": ("lead_restored",),
    "deal_merged": ("entity_merged",), "deal_edited": ("sale_field_changed",),
}  # fmt: skip
_FIELDS: Final[dict[str, tuple[Json, ...]]] = {
    "leads": (
        {"id": 681, "name": "utm_source", "code": "UTM_SOURCE", "type": "tracking_data"},
        {"id": 682, "name": "utm_campaign", "code": "UTM_CAMPAIGN", "type": "tracking_data"},
        {"id": 702, "name": "Товар", "code": None, "type": "select"},
        {"id": 703, "name": "Сумма в валюте", "code": None, "type": "monetary"},
        {"id": 704, "name": "Валюта", "code": None, "type": "text"},
        {"id": 705, "name": "Секунд до первого ответа", "code": None, "type": "numeric"},
    ),
    "contacts": (
        {"id": 3, "name": "Телефон", "code": "PHONE", "type": "multitext"},
        {"id": 4, "name": "Email", "code": "EMAIL", "type": "multitext"},
        {"id": 5, "name": "Telegram", "code": "IM", "type": "multitext"},
    ),
    "companies": ({"id": 7, "name": "Email", "code": "EMAIL", "type": "multitext"},),
}


def status_id(pipeline: int, stage: int) -> int:
    """The id of a stage; won and lost are the same in every pipeline."""
    fixed = {WON: WON_STATUS, LOST: LOST_STATUS}
    return fixed.get(stage, _STATUS + 10 * pipeline + stage)


def user_id(agent: int) -> int:
    """The id of an agent."""
    return _USER + agent


@dataclass(frozen=True)
class _Company:
    company_id: int
    created_at: int
    updated_at: int


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
    users_allowed: bool = True
    # False: what amoCRM's own reference does not have, unlike Kommo's.
    lists_talks: bool = True
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
        return None

    # Dictionaries

    def _account(self, _: Request) -> Response:
        return _hal(
            {
                "id": 5_135_160, "name": "Зерно и Пар", "subdomain": "demo",
                "currency": self.currency, "is_api_filter_enabled": self.has_filter,
                "_embedded": {"datetime_settings": {"timezone": "Europe/Moscow"}},
            }
        )  # fmt: skip

    def _users(self, request: Request) -> Response:
        if not self.users_allowed:
            return _problem(403, "Forbidden", "Access denied")
        today = datetime.fromtimestamp(self.crm.now, UTC).date()
        rows = []
        for place, agent in enumerate(self.crm.agents):
            former = agent.renamed_on is not None and today < agent.renamed_on
            rows.append(
                {
                    "id": user_id(place), "name": agent.former_name if former else agent.name,
                    "email": f"{agent.folder}@company.example", "lang": "ru",
                    "rights": {
                        "is_admin": False, "is_active": agent.left is None or today < agent.left,
                        "group_id": None,
                    },
                }
            )  # fmt: skip
        return self._page(request, "users", rows, with_total=True)

    def _pipelines(self, _: Request) -> Response:
        rows = []
        for place, name in enumerate(PIPELINES):
            statuses = [
                {
                    "id": status_id(place, stage), "name": title, "sort": 10 * (stage + 1),
                    "pipeline_id": _PIPELINE + place, "type": 0, "is_editable": stage < WON,
                }
                for stage, title in enumerate(STAGES)
            ]  # fmt: skip
            rows.append(
                {
                    "id": _PIPELINE + place, "name": name, "sort": place + 1,
                    "is_main": place == 0, "is_archive": False,
                    "_embedded": {"statuses": statuses},
                }
            )  # fmt: skip
        return _hal({"_total_items": len(rows), "_embedded": {"pipelines": rows}})

    def _reasons(self, request: Request) -> Response:
        rows = [
            {"id": _REASON + place, "name": name, "sort": place, "created_at": 1, "updated_at": 1}
            for place, name in enumerate(LOSS_REASONS)
        ]
        return self._page(request, "loss_reasons", rows)

    def _fields(self, request: Request) -> Response:
        fields = _FIELDS.get(request.path_params["entity"])
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
        return (
            Response(status_code=204)
            if deal is None
            else _hal(self._lead_row(deal, _with(request)))
        )

    def _contacts(self, request: Request) -> Response:
        rows = self._found("contacts", request, self.crm.contacts.values(), "contact_id")
        asked = _with(request)
        return self._page(request, "contacts", rows, lambda row: self._contact_row(row, asked))

    def _contact(self, request: Request) -> Response:
        contact = self.crm.contacts.get(request.path_params["number"])
        return (
            Response(status_code=204)
            if contact is None
            else _hal(self._contact_row(contact, _with(request)))
        )

    def _companies(self, request: Request) -> Response:
        companies = self._kept(("companies of deals",), self._companies_of_deals)
        rows = self._found("companies", request, companies, "company_id")
        return self._page(
            request, "companies", rows,
            lambda company: {
                "id": company.company_id, "name": self.crm.companies[company.company_id],
                "created_at": company.created_at, "updated_at": company.updated_at,
                "custom_fields_values": _values(
                    "companies", {7: f"office@c{company.company_id}.example"}
                ),
                "_embedded": {"tags": []},
            },
        )  # fmt: skip

    def _companies_of_deals(self) -> list[_Company]:
        begun: dict[int, int] = {}
        for deal in self.crm.deals.values():
            if deal.company_id is not None:
                first = begun.get(deal.company_id, deal.created_at)
                begun[deal.company_id] = min(first, deal.created_at)
        return [_Company(number, at, at) for number, at in begun.items()]

    # Work

    def _talks(self, request: Request) -> Response:
        if not self.lists_talks:
            return _problem(404, "Not Found", "Not found")
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
                {"change": change, "type": type_, "entity_id": number}
                for change in reversed(self._between(begin, end))
                for type_ in _EVENT_TYPES.get(change.kind, ())
                if (not types or type_ in types) and _is_told(change, type_)
                for number in _ids_of(change)
            ],
        )
        return self._page(request, "events", rows, _event_row, _MAX_EVENTS)

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

    def _lead_row(self, deal: Deal, asked: set[str]) -> Json:
        rate = self.rates[deal.currency_code] if deal.currency_code != self.currency else 1
        embedded: Json = {
            "tags": [],
            "companies": [] if deal.company_id is None else [{"id": deal.company_id}],
        }
        if "contacts" in asked:
            embedded["contacts"] = [{"id": deal.contact_id, "is_main": True}]
        if "loss_reason" in asked and deal.lost_reason is not None:
            embedded["loss_reason"] = [
                {"id": _REASON + deal.lost_reason, "name": LOSS_REASONS[deal.lost_reason]}
            ]
        values = {
            681: deal.lead_source, 682: deal.campaign, 702: deal.product,
            703: f"{deal.amount / 100:.2f}" if deal.currency_code != self.currency else None,
            704: deal.currency_code if deal.currency_code != self.currency else None,
            705: deal.first_contact_seconds,
        }  # fmt: skip
        return self._changed("leads", {
            "id": deal.deal_id, "name": f"Заказ {deal.deal_id}",
            "price": deal.amount * rate // 100, "responsible_user_id": user_id(deal.agent),
            "group_id": 0, "status_id": status_id(deal.pipeline, deal.stage),
            "pipeline_id": _PIPELINE + deal.pipeline,
            "loss_reason_id": None if deal.lost_reason is None else _REASON + deal.lost_reason,
            "source_id": None, "created_by": 0, "updated_by": user_id(deal.agent),
            "created_at": deal.created_at, "updated_at": deal.updated_at,
            "closed_at": deal.closed_at, "closest_task_at": None, "is_deleted": False,
            "custom_fields_values": _values("leads", values), "account_id": 5_135_160,
            "_embedded": embedded,
        })  # fmt: skip

    def _contact_row(self, contact: Contact, asked: set[str]) -> Json:
        embedded: Json = {"tags": [], "companies": []}
        if "leads" in asked:
            linked = self._kept(("deals of contacts",), lambda: [self._deals_of_contacts()])[0]
            embedded["leads"] = [{"id": number} for number in linked[contact.contact_id]]
        values = {3: contact.phone, 4: contact.email, 5: contact.telegram_id}
        return self._changed("contacts", {
            "id": contact.contact_id, "name": contact.name,
            "first_name": contact.name.split()[0], "last_name": contact.name.split()[-1],
            "responsible_user_id": user_id(contact.agent), "group_id": 0,
            "created_by": 0, "updated_by": 0, "created_at": contact.created_at,
            "updated_at": contact.updated_at, "is_deleted": False,
            "custom_fields_values": _values("contacts", values), "account_id": 5_135_160,
            "_embedded": embedded,
        })  # fmt: skip

    def _deals_of_contacts(self) -> defaultdict[int, list[int]]:
        found: defaultdict[int, list[int]] = defaultdict(list)
        for deal in self.crm.deals.values():
            found[deal.contact_id].append(deal.deal_id)
        return found

    def _changed(self, entity: str, row: Json) -> Json:
        return row if self.change_row is None else self.change_row(entity, row)

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


def _is_told(change: Change, type_: str) -> bool:
    """A message is told of where the deal began in a chat."""
    return type_ != _CHAT or change.after.conversation_id is not None


def _ids_of(change: Change) -> tuple[int, ...]:
    """A merge is told of both records, without saying which one stays."""
    if change.kind in ("contact_merged", "deal_merged"):
        return change.entity_id, int(change.after)
    return (change.entity_id,)


def _event_row(found: Json) -> Json:
    change: Change = found["change"]
    before: list[Json] = []
    after: list[Json] = []
    if change.kind == "stage_changed":
        before, after = (
            [{"lead_status": {"id": status_id(*side), "pipeline_id": _PIPELINE + side[0]}}]
            for side in (change.before, change.after)
        )
    elif change.kind == "owner_changed":
        before, after = (
            [{"responsible_user": {"id": user_id(side)}}] for side in (change.before, change.after)
        )
    entity = "lead" if change.entity == "deal" else "contact"
    is_message = found["type"] == _CHAT
    if is_message:
        talk = change.after.conversation_id
        after = [{"message": {"id": f"m{talk}", "talk_id": talk, "origin": "telegram"}}]
    return {
        "id": f"0{2 - is_message}{change.number:020d}{found['entity_id'] % 10_000:04d}",
        "type": found["type"],
        "entity_id": found["entity_id"], "entity_type": entity,
        "created_by": 0 if change.agent is None else user_id(change.agent),
        "created_at": change.at, "account_id": 5_135_160, "value_after": after,
        "value_before": before, "_embedded": {"entity": {"id": found["entity_id"]}},
    }  # fmt: skip


def _values(entity: str, values: dict[int, Any]) -> list[Json] | None:
    found = [
        {
            "field_id": item["id"], "field_name": item["name"], "field_code": item["code"],
            "field_type": item["type"], "values": [{"value": values[item["id"]]}],
        }
        for item in _FIELDS[entity]
        if values[item["id"]] is not None
    ]  # fmt: skip
    return found or None


def _with(request: Request) -> set[str]:
    return {name for name in request.query_params.get("with", "").split(",") if name}


def _hal(body: Json) -> Response:
    return JSONResponse(body, media_type="application/hal+json")


def _problem(status: int, title: str, detail: str) -> Response:
    body = {"title": title, "type": f"https://httpstatus.es/{status}", "status": status}
    return JSONResponse(body | {"detail": detail}, status, media_type="application/problem+json")
