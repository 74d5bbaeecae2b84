"""What all emulators share: a server on loopback, a gate that counts requests, and faults."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

import uvicorn

from pipelines.sandbox.crm import Crm

Json = dict[str, Any]
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

FaultKind = Literal[
    "too_many", "too_many_with_date", "unavailable", "unavailable_with_date", "server_error",
    "html_error", "silence", "cut_body", "dropped", "repeated_page",
]  # fmt: skip
FAULTS: Final[tuple[FaultKind, ...]] = (
    "too_many", "too_many_with_date", "unavailable", "unavailable_with_date", "server_error",
    "html_error", "silence", "cut_body", "dropped",
)  # fmt: skip
# No error tells of these: the answer is one that was given before, to another question.
PAGE_FAULTS: Final[tuple[FaultKind, ...]] = ("repeated_page",)
_FURTHER: Final = frozenset({"page", "start", "filter[updated_at][to]"})
_CURSORS: Final = frozenset({"after", "cursor"})
_STATUS: Final = {
    "too_many": 429, "too_many_with_date": 429, "unavailable": 503, "unavailable_with_date": 503,
    "server_error": 500, "html_error": 502,
}  # fmt: skip
_HTML: Final = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass(slots=True)
class Faults:
    """Which requests go wrong and how; every choice follows from the seed.

    `share` of the requests get a fault of `kinds`, at most `in_a_row` one after another, so that a
    client with patience gets through; `at` adds faults to requests by their number.
    """

    kinds: tuple[FaultKind, ...] = ()
    share: float = 0.0
    seed: int = 0
    in_a_row: int = 2
    at: dict[int, FaultKind] = field(default_factory=dict)
    silent_seconds: float = 1.0
    retry_after_seconds: int = 0
    happened: dict[str, int] = field(default_factory=dict)
    _random: random.Random = field(default_factory=random.Random)
    _running: int = 0

    def __post_init__(self) -> None:
        """Begin the seeded sequence."""
        self._random.seed(self.seed)

    def of_request(self, number: int) -> FaultKind | None:
        """Return what befalls the request of that number."""
        kind = self.at.get(number)
        if kind is None and self.kinds and self._running < self.in_a_row:
            kind = self._random.choice(self.kinds) if self._random.random() < self.share else None
        self._running = self._running + 1 if kind else 0
        if kind:
            self.happened[kind] = self.happened.get(kind, 0) + 1
        return kind


@dataclass(slots=True)
class Gate:
    """Counts requests and refuses more than `calls` in any window of `seconds`."""

    calls: int
    seconds: float
    requests: int = 0
    refused: int = 0
    most: int = 0  # in one window
    _times: deque[float] = field(default_factory=deque)

    def lets_through(self) -> bool:
        """Count a request; false where it comes too soon."""
        now = time.monotonic()
        self.requests += 1
        self._times.append(now)
        while self._times[0] <= now - self.seconds:
            self._times.popleft()
        self.most = max(self.most, len(self._times))
        if len(self._times) > self.calls:
            self.refused += 1
            return False
        return True


@dataclass
class Emulator:
    """An emulated account over the company's CRM.

    Attributes:
        gate: counts the requests, and refuses those over the documented limit.
        clock_skew_seconds: how much its clock is ahead of the company's.
        base_url: address in links between pages; empty: as the client calls it.
        between_pages: called with the number of each page that is answered: time may go on there.
        change_row: changes each record, given its kind, before it is answered.
        missing: what this edition of the API does not have: ends of paths, or names of methods.
    """

    crm: Crm
    gate: Gate = field(default_factory=lambda: Gate(7, 1.0))
    faults: Faults = field(default_factory=Faults)
    clock_skew_seconds: int = 0
    base_url: str = ""
    between_pages: Callable[[int], None] | None = None
    change_row: Callable[[str, Json], Json] | None = None
    missing: set[str] = field(default_factory=set)

    def lacks(self, path: str) -> bool:
        """Whether this edition of the API does not have a path."""
        return any(path.endswith(f"/{end}") for end in self.missing)

    @property
    def app(self) -> Asgi:
        """What a server serves, faults included."""
        return FaultyMiddleware(self.routes(), lambda: self.faults)

    def routes(self) -> Asgi:
        """Return the application without faults."""
        raise NotImplementedError

    @property
    def _now(self) -> int:
        return self.crm.now + self.clock_skew_seconds


class FaultyMiddleware:
    """Lets the faults befall what the application answers."""

    def __init__(self, app: Asgi, faults: Callable[[], Faults]) -> None:
        self._app = app
        self._faults = faults
        self._number = 0
        self._answers: dict[tuple[str, ...], list[Message]] = {}  # the last one of each list

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it go wrong."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        faults = self._faults()
        kind = faults.of_request(self._number)
        self._number += 1
        if kind in _STATUS:
            await _refuse(send, kind, _STATUS[kind], faults.retry_after_seconds)
        elif kind == "silence":
            await asyncio.sleep(faults.silent_seconds)
            await self._app(scope, receive, send)
        elif kind == "dropped":
            await self._app(scope, receive, _hang_up)
        elif kind == "cut_body":
            await self._app(scope, receive, _cutting(send))
        elif kind == "repeated_page" and _goes_on(scope) and _list_of(scope) in self._answers:
            for message in self._answers[_list_of(scope)]:
                await send(message)
        else:
            await self._app(scope, receive, self._remembering(scope, send))

    def _remembering(self, scope: Scope, send: Send) -> Send:
        """Keep what a list answers, for it may be served twice."""
        if scope["method"] != "GET":
            return send
        answer: list[Message] = []

        async def remember(message: Message) -> None:
            answer.append(message)
            if message["type"] == "http.response.body" and answer[0]["status"] == 200:
                self._answers[_list_of(scope)] = answer
            await send(message)

        return remember


def _goes_on(scope: Scope) -> bool:
    """Whether a further page is asked for: by a number, a cursor or the moment that was reached."""
    names = {name for name, _ in parse_qsl(scope["query_string"].decode())}
    return bool(names & (_CURSORS | _FURTHER))


def _list_of(scope: Scope) -> tuple[str, ...]:
    """Name a list: its pages differ in numbers, moments and cursors only."""
    query = parse_qsl(scope["query_string"].decode())
    named = sorted(
        f"{name}={value}" for name, value in query
        if name not in _CURSORS and not value.lstrip("-").isdigit()
    )  # fmt: skip
    return scope["path"], *named


async def _refuse(send: Send, kind: str, status: int, retry_after: int) -> None:
    headers = [(b"content-type", b"text/html" if kind == "html_error" else b"application/json")]
    if kind.endswith("_with_date"):
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": _HTML if kind == "html_error" else b""})


class ConnectionLostError(Exception):
    """The emulator hangs up without an answer."""


async def _hang_up(_: Message) -> None:
    raise ConnectionLostError


def _cutting(send: Send) -> Send:
    """Send half of a body that was announced whole."""

    async def cut(message: Message) -> None:
        body = message.get("body", b"")
        if message["type"] == "http.response.body" and len(body) > 1:
            await send({**message, "body": body[: len(body) // 2], "more_body": True})
            raise ConnectionLostError
        await send(message)

    return cut


@contextmanager
def serving(app: Asgi, port: int = 0) -> Iterator[str]:
    """Serve an application on loopback in a thread; yields its address without a slash."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="critical", access_log=False, lifespan="off",
        date_header=False, server_header=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise OSError(f"The emulator cannot listen on port {port}.")
            time.sleep(0.005)
        address = server.servers[0].sockets[0].getsockname()
        yield f"http://127.0.0.1:{address[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
