"""Bitrix24's REST API over the emulated CRM, as far as a reader uses it.

Calls, batches, limits and errors follow the vendor's documentation: a webhook in the path or an
application's token among the parameters, batches of 50 commands with references to earlier results,
pages of 50 that are followed by id, a leaky bucket (503), a budget of time for each method (429),
empty objects as lists, texts in old methods and numbers in new ones, times in the portal's zone.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from pipelines.sandbox.apis import bitrix24_dictionaries as d
from pipelines.sandbox.apis import bitrix24_records as r
from pipelines.sandbox.apis import php
from pipelines.sandbox.apis.bitrix24_activities import activity_row
from pipelines.sandbox.apis.bitrix24_lines import LINES, lines
from pipelines.sandbox.apis.bitrix24_lists import PAGE, BadRequestError, page
from pipelines.sandbox.apis.serving import Asgi, Emulator, Gate, Json

_COMMANDS: Final = 50
_SCOPES: Final = {"user.get": "user", "tasks.task.list": "task", "profile": ""}
_NAMES: Final = {d.LEAD: "leads", d.DEAL: "deals", d.CONTACT: "contacts", d.COMPANY: "companies"}


@dataclass(slots=True)
class LeakyBucket(Gate):
    """Refuses a request that finds more than `calls` in a bucket that loses one in `seconds`."""

    _level: float = 0.0
    _seen: float = 0.0

    def lets_through(self) -> bool:
        """Count a request; false where the bucket is full."""
        now = time.monotonic()
        self._level = max(0.0, self._level - (now - self._seen) / self.seconds) + 1
        self._seen = now
        self.requests += 1
        self.most = max(self.most, int(self._level))
        if self._level > self.calls:
            self.refused += 1
            return False
        return True


@dataclass(slots=True)
class Operating:
    """The time that calls of one method took lately, in buckets of a tenth of the window."""

    window: float
    buckets: list[tuple[float, float]] = field(default_factory=list)  # begun at, seconds

    def spent(self) -> float:
        """Return the seconds of the buckets that still count."""
        now = time.monotonic()
        self.buckets = [item for item in self.buckets if item[0] > now - self.window]
        return sum(seconds for _, seconds in self.buckets)

    def add(self, seconds: float) -> None:
        """Count a call."""
        now = time.monotonic()
        if self.buckets and self.buckets[-1][0] > now - self.window / 10:
            begun, before = self.buckets[-1]
            self.buckets[-1] = begun, before + seconds
        else:
            self.buckets.append((now, seconds))

    def resets_in(self) -> float:
        """Return in how many seconds the oldest bucket is forgotten."""
        return self.buckets[0][0] + self.window - time.monotonic() if self.buckets else 0.0


@dataclass
class Bitrix24(Emulator):
    """A portal; ordinary plans let 2 requests a second through, and 50 at once.

    Attributes:
        webhook: user and code of the incoming webhook, as its address ends.
        call_seconds: what each call costs of the method's budget of time.
        operating_limit: that budget, in seconds of every `operating_window`.
        command_faults: errors of commands in batches, by the number of the command.
        messengers: sources of the world that are connected to open lines.
        denied: ids of sessions that the owner of the token may not see.
        repeated: numbers of batches that are answered as the one before was.
    """

    gate: Gate = field(default_factory=lambda: LeakyBucket(50, 0.5))
    webhook: str = "1/webhook-secret"
    client_id: str = "local.client"
    client_secret: str = "client-secret"  # noqa: S105
    refresh_token: str | None = None
    access_seconds: int = 3_600
    scopes: set[str] = field(default_factory=lambda: {"crm", "user", "imopenlines", "task"})
    uses_leads: bool = True
    is_admin: bool = True
    overloaded: bool = False
    call_seconds: float = 0.05
    operating_limit: float = 480.0
    operating_window: float = 600.0
    command_faults: dict[int, str] = field(default_factory=dict)
    repeated: set[int] = field(default_factory=set)
    messengers: frozenset[str] = frozenset(LINES)
    denied: set[int] = field(default_factory=set)
    commands: int = 0
    calls: dict[str, int] = field(default_factory=dict)  # by method
    blocked: int = 0
    _issued: dict[str, int] = field(default_factory=dict)
    _operating: dict[str, Operating] = field(default_factory=dict)
    _pages: int = 0
    _batches: int = 0
    _answer: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look at the CRM as Bitrix24 keeps it."""
        self.records = r.Records(self.crm, self.messengers)

    def routes(self) -> Asgi:
        """Return the application without faults."""
        ways = ["GET", "POST"]
        return Starlette(
            routes=[
                Route("/oauth/token/", self._access_token, methods=ways),
                Route("/rest/{user:int}/{code}/{method}", self._call, methods=ways),
                Route("/rest/{method}", self._call, methods=ways),
            ],
            exception_handlers={404: _not_found},
        )

    def expire_tokens(self) -> None:
        """Let every access token end at once, as the vendor does after an hour."""
        self._issued.clear()

    # Access

    async def _access_token(self, request: Request) -> Response:
        asked = dict(request.query_params)
        if asked.get("client_id") != self.client_id or asked.get("grant_type") != "refresh_token":
            return _problem(400, "invalid_client", "Invalid client")
        known = (
            asked.get("client_secret") == self.client_secret
            and self.refresh_token is not None
            and asked.get("refresh_token") == self.refresh_token
        )
        if not known:
            return _problem(400, "invalid_grant", "Invalid grant")
        access, self.refresh_token = secrets.token_hex(16), secrets.token_hex(16)
        self._issued[access] = self._now + self.access_seconds
        portal = str(request.base_url)
        return _json(
            {
                "access_token": access, "refresh_token": self.refresh_token,
                "expires_in": self.access_seconds, "scope": ",".join(sorted(self.scopes)),
                "domain": "oauth.bitrix24.tech", "client_endpoint": f"{portal}rest/",
                "server_endpoint": "https://oauth.bitrix24.tech/rest/", "status": "F",
            }
        )  # fmt: skip

    def _refusal(self, request: Request, given: Json) -> Response | None:
        has_room = self.gate.lets_through()
        if self.overloaded:
            return _problem(503, "OVERLOAD_LIMIT", "REST API is blocked due to overload.")
        if not has_room:
            return _problem(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
        path = request.path_params
        if "code" in path:
            if f"{path['user']}/{path['code']}" != self.webhook:
                return _problem(403, "INVALID_CREDENTIALS", "Invalid request credentials")
            return None
        token = given.pop("auth", None) or request.query_params.get("auth")
        if token is None:
            return _problem(401, "NO_AUTH_FOUND", "Wrong authorization data")
        if self._issued.get(str(token), 0) <= self._now:
            return _problem(401, "expired_token", "The access token provided has expired.")
        return None

    # Calls

    async def _call(self, request: Request) -> Response:
        given = await _parameters(request)
        refusal = self._refusal(request, given)
        if refusal is not None:
            return refusal
        begun = time.monotonic()
        method = str(request.path_params["method"]).removesuffix(".json").lower()
        if method == "batch":
            self._batches += 1
            if self._batches - 1 not in self.repeated:
                answered = self._batch(given)
                self._answer = {"result": answered, "time": self._time(None, begun)}
            return _json(self._answer)
        try:
            return _json({**self._run(method, given), "time": self._time(method, begun)})
        except BadRequestError as error:
            return _problem(error.status, error.code, error.said)

    def _batch(self, given: Json) -> Json:
        commands = given.get("cmd") or {}
        if isinstance(commands, list):
            commands = {str(place): command for place, command in enumerate(commands)}
        found: dict[str, Json] = {name: {} for name in ("result", "error", "total", "next", "time")}
        halted = False
        for place, (key, command) in enumerate(commands.items()):
            if halted:
                break
            begun = time.monotonic()
            method, _, query = str(command).partition("?")
            try:
                if place >= _COMMANDS:
                    raise BadRequestError(
                        "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded"
                    )
                if method == "batch":
                    raise BadRequestError(
                        "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed", 405
                    )
                answer = self._run(method, php.resolve(php.parse_query(query), found["result"]))
            except BadRequestError as error:
                found["error"][key] = {"error": error.code, "error_description": error.said}
                halted = str(given.get("halt", 0)) in ("1", "true", "True")
                continue
            found["result"][key] = answer["result"]
            for name in ("total", "next"):
                if name in answer:
                    found[name][key] = answer[name]
            found["time"][key] = self._time(method, begun)
        return {
            "result" if name == "result" else f"result_{name}": php.empty_as_list(values)
            for name, values in found.items()
        }

    def _run(self, method: str, given: Json) -> Json:
        number, self.commands = self.commands, self.commands + 1
        if number in self.command_faults:
            raise BadRequestError(self.command_faults[number], "Something went wrong", 500)
        answer = self._methods().get(method.lower())
        if answer is None or method in self.missing:
            raise BadRequestError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)
        by_name = "imopenlines" if method.startswith("imopenlines.") else "crm"
        scope = _SCOPES.get(method, by_name)
        if scope and scope not in self.scopes:
            raise BadRequestError(
                "insufficient_scope",
                "The request requires higher privileges than provided by the access token", 403,
            )  # fmt: skip
        operating = self._operating.setdefault(method, Operating(self.operating_window))
        if operating.spent() > self.operating_limit:
            self.blocked += 1
            raise BadRequestError(
                "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429
            )
        self.calls[method] = self.calls.get(method, 0) + 1
        operating.add(self.call_seconds)
        return answer(given)

    def _methods(self) -> dict[str, Callable[[Json], Json]]:
        return {
            "crm.item.list": self._items, "crm.item.fields": self._fields,
            "crm.stagehistory.list": self._history, "crm.activity.list": self._activities,
            "crm.activity.binding.list": self._bindings, "user.get": self._users,
            "crm.category.list": lambda _: {"result": {"categories": d.categories()}, "total": 3},
            "crm.status.list": lambda _: {"result": self._rows("statuses", d.statuses())},
            "crm.currency.list": lambda _: {"result": d.currencies()},
            "imopenlines.config.list.get": lambda _: {"result": self._rows("lines", lines())},
            "imopenlines.session.history.get": self._session,
            "profile": lambda _: {"result": {"ID": "1", "ADMIN": self.is_admin, "NAME": "Anna"}},
            "crm.settings.mode.get": lambda _: {"result": 1 if self.uses_leads else 2},
        }  # fmt: skip

    def _time(self, method: str | None, begun: float) -> Json:
        duration = time.monotonic() - begun
        found: Json = {
            "start": self._now, "finish": self._now + duration, "duration": duration,
            "processing": duration, "date_start": r.iso(self._now), "date_finish": r.iso(self._now),
        }  # fmt: skip
        if method in self._operating:
            operating = self._operating[method]
            found |= {
                "operating": operating.spent(),
                "operating_reset_at": int(self._now + operating.resets_in()) + 1,
            }
        return found

    # Methods

    def _items(self, given: Json) -> Json:
        kind = int(given.get("entityTypeId") or 0)
        table = self.records.items(kind)
        if table is None or (kind == d.LEAD and not self.uses_leads):
            raise BadRequestError("NOT_FOUND", "Entity type is not found")
        found, total, following = page(table, given)
        select = {"id", *(php.as_list(given.get("select")) or ["*"])}
        rows = []
        for record in found:
            row = self._changed(_NAMES[kind], self.records.item_row(kind, record))
            if "*" not in select:
                # Phones and the like come only with everything.
                row = {name: value for name, value in row.items() if name in select - {"fm"}}
            rows.append(row)
        return self._listed({"items": rows}, total, following)

    def _history(self, given: Json) -> Json:
        table = self.records.history(int(given.get("entityTypeId") or 0))
        if table is None:
            raise BadRequestError("ENTITY_TYPE_NOT_SUPPORTED", "Entity type is not supported")
        found, total, following = page(table, given)
        rows = self._rows("stage_history", found)
        return self._listed({"items": rows}, total, following)

    def _activities(self, given: Json) -> Json:
        found, total, following = page(self.records.activities(), given)
        rows = [
            activity_row(item, r.ZONE, r.user_id(0 if item.deal is None else item.deal.agent))
            for item in found
        ]
        return self._listed(self._rows("activities", rows), total, following)

    def _bindings(self, given: Json) -> Json:
        table = self.records.activities()
        number = int(given.get("activityId") or 0)
        if number not in table.ids:
            raise BadRequestError("NOT_FOUND", "Not found")
        bound = table.record(number).bindings
        return {"result": [{"entityTypeId": kind, "entityId": owner} for kind, owner in bound]}

    def _session(self, given: Json) -> Json:
        if "SESSION_ID" not in given:
            raise BadRequestError("MISSING_REQUIRED_PARAM", "Required parameter is missing")
        number = int(given["SESSION_ID"] or 0)
        session = self.records.lines.sessions.get(number)
        if session is None or session.begun_at > self.crm.now:
            raise BadRequestError("INVALID_SESSION_ID", "Session id is invalid")
        if number in self.denied:
            raise BadRequestError("ACCESS_DENIED", "You do not have access to the dialog")
        names = [agent.name for agent in self.crm.agents]
        row = self.records.lines.history(session, self.crm.now, r.iso, r.user_id, names)
        return {"result": self._changed("histories", row)}

    def _users(self, given: Json) -> Json:
        rows = self.records.users()
        start = int(given.get("start") or 0)
        following = start + PAGE if start + PAGE < len(rows) else None
        return self._listed(rows[start : start + PAGE], len(rows), following)

    def _fields(self, given: Json) -> Json:
        kind = int(given.get("entityTypeId") or 0)
        table = self.records.items(kind)
        if table is None:
            raise BadRequestError("NOT_FOUND", "Entity type is not found")
        return {"result": {"fields": d.fields(kind, table.values)}}

    def _listed(self, result: Any, total: int | None, following: int | None) -> Json:
        self._pages += 1
        if self.between_pages is not None:
            self.between_pages(self._pages)
        answer: Json = {"result": result, "total": total or 0}
        return answer if following is None else {**answer, "next": following}

    def _rows(self, name: str, rows: list[Json]) -> list[Json]:
        return [self._changed(name, row) for row in rows]

    def _changed(self, name: str, row: Json) -> Json:
        return row if self.change_row is None else self.change_row(name, row)


async def _parameters(request: Request) -> Json:
    given = php.parse_query(request.url.query)
    body = await request.body()
    if "json" in request.headers.get("content-type", ""):
        return {**given, **(orjson.loads(body) if body else {})}
    return {**given, **php.parse_query(body.decode())}


async def _not_found(_: Request, __: Exception) -> Response:
    return HTMLResponse("<html><body>404 Not Found</body></html>", 404)


def _json(body: Json) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")


def _problem(status: int, code: str, said: str) -> Response:
    content = orjson.dumps({"error": code, "error_description": said})
    return Response(content, status, media_type="application/json")
