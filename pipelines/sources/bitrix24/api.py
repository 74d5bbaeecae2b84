"""Calls of Bitrix24: batches of commands, and what each kind of refusal asks for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import requests

from pipelines.sources._common.api import (
    AccessError,
    AnswerError,
    ApiError,
    BlockedError,
    JsonApi,
    UnavailableError,
)
from pipelines.sources._common.fields import Json, nested

COMMANDS: Final = 50  # of a batch
_LONGEST_PAUSE: Final = 660.0  # seconds: a method's budget of time is that of ten minutes
_PAUSES: Final = 4
_REPEATS: Final = 3
# A batch of this many seconds is half-way to the end that the portal makes of any request.
_SLOW: Final = 25.0
_FEWEST: Final = 5
# What no portal says: errors of answers that were given to another question.
NO_ANSWER: Final = "nothing"
REPEATED: Final = "a page that was read"
WITHOUT_CODE: Final = "an error without a code"
_PASSING: Final = frozenset(
    {"INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER", "QUERY_LIMIT_EXCEEDED", NO_ANSWER,
     REPEATED}
)  # fmt: skip
RIGHTS: Final = frozenset(
    {"insufficient_scope", "ACCESS_DENIED", "user_access_error", "allowed_only_intranet_user",
     "ERROR_METHOD_NOT_FOUND"}
)  # fmt: skip
_GRANT: Final = "Let the webhook or the application have this right, and belong to an administrator"


class BitrixApi(JsonApi):
    """A portal: the token of an application goes among the parameters, refusals have codes."""

    def _send(
        self, method: str, path: str, headers: dict[str, str], content: dict[str, Any]
    ) -> requests.Response:
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        if token:
            content = {**content, "json": {**content.get("json", {}), "auth": token}}
        # Looked at before the client repeats what answers 503.
        return super()._send(method, path, {}, {**content, "hooks": {"response": self._stop}})

    def _stop(self, response: requests.Response, **_: Any) -> None:
        if response.status_code == 503 and _code(response) == "OVERLOAD_LIMIT":
            raise BlockedError(
                self.source,
                "the portal has closed its API (OVERLOAD_LIMIT)",
                "Only the support of Bitrix24 lifts this; ask them, and lower requests_per_second",
            )

    def _may_pass(self, response: requests.Response | None, error: BaseException | None) -> bool:
        return super()._may_pass(response, error) or (response is not None and _is_page(response))

    def _refuse(self, response: requests.Response, path: str) -> None:
        if _is_page(response):
            # Its words are not told: such a page may name the address, which holds the secret.
            raise UnavailableError(
                self.source, f"{path} answers {response.status_code} with a page for people",
                "Check url; if it is right, start again later",
            )  # fmt: skip
        code = _code(response)
        if code in RIGHTS:
            raise AccessError(self.source, f"{path} answers {code}", _GRANT)
        if code == "INVALID_CREDENTIALS":
            raise AccessError(
                self.source, f"{path} answers {code}",
                "The webhook was withdrawn or is wrong: issue a new one",
            )  # fmt: skip
        super()._refuse(response, path)


@dataclass(frozen=True)
class Command:
    """One call in a batch; values of `params` may be `$result[...]` of earlier commands."""

    method: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Write the call as PHP reads it: brackets name members; a `=` in a name would cut it."""
        pairs = "&".join(
            f"{quote(name, safe='[]')}={quote(value, safe='')}"
            for name, value in _flat(self.params)
        )
        return f"{self.method}?{pairs}"


@dataclass(frozen=True)
class Answer:
    """What became of a command: its result, or the code of its error."""

    result: Any = None
    next: int | None = None
    total: int | None = None
    error: str | None = None


class Portal:
    """Batches of a portal, with patience for what passes."""

    def __init__(self, api: JsonApi) -> None:
        self.source = api.source
        self.server_time: datetime | None = None
        self.commands = COMMANDS
        # Set where a reading has failed: what else is being read ends between two requests.
        self.stopped = False
        self._api = api
        # When a method may be called again, by the clock of this machine.
        self._resets: dict[str, float] = {}

    def batch(self, commands: Mapping[str, Command]) -> dict[str, Answer]:
        """Ask for several things at once; returns their answers, errors among them.

        Raises:
            ApiError: the whole batch failed.
        """
        if self.stopped:
            raise UnavailableError(self.source, "the load was ended", "Start again later")
        body = {"halt": 0, "cmd": {key: str(command) for key, command in commands.items()}}
        answer = self._api.post("batch", body)
        if answer is None:
            raise AnswerError(
                self.source, "there is no REST API at this address", "Check url and the webhook"
            )
        self._read_time(nested(answer, "time"))
        found = nested(answer, "result")
        results, errors = nested(found, "result"), nested(found, "result_error")
        following, totals = nested(found, "result_next"), nested(found, "result_total")
        times = nested(found, "result_time")
        for key in commands.keys() & times.keys():
            self._read_budget(commands[key].method, nested(times, key))
        return {
            key: Answer(
                results.get(key), following.get(key), totals.get(key),
                _code_of(errors.get(key)) or (None if key in results else NO_ANSWER),
            )
            for key in commands
        }  # fmt: skip

    def all_of(
        self,
        commands: Mapping[str, Command],
        passed_on: frozenset[str] = frozenset(),
        borne: frozenset[str] | None = None,
    ) -> dict[str, Answer]:
        """Ask until each command has its result.

        Args:
            passed_on: errors that are passed on with the answers.
            borne: the only errors that end the asking if they stay; null: all do. Others are passed
                on with the answers when they were repeated often enough.

        Raises:
            ApiError: one of them has none.
        """
        found: dict[str, Answer] = {}
        tries = 0
        while left := {key: item for key, item in commands.items() if key not in found}:
            answers = self.batch(left)
            known = len(found)
            found |= {
                key: answer
                for key, answer in answers.items()
                if answer.error is None or answer.error in passed_on
            }
            # A budget of time may be enough for a few commands at once only.
            tries = 1 if len(found) > known else tries + 1
            refused = {
                (left[key].method, answer.error)
                for key, answer in answers.items()
                if answer.error is not None and key not in found
            }
            for method, error in sorted(refused):
                try:
                    self.bear(method, error, tries)
                except ApiError:
                    if borne is None or error in borne:
                        raise
                    found |= {key: item for key, item in answers.items() if item.error == error}
        return found

    def bear(self, method: str, error: str, tries: int) -> None:
        """Wait for an error to pass that does.

        Args:
            tries: how often it was borne before, and now.

        Raises:
            ApiError: it does not pass, or was borne too often.
        """
        if error == "OPERATION_TIME_LIMIT" and tries <= _PAUSES:
            wait = self._resets.pop(method, 0.0) - time.monotonic()
            time.sleep(min(max(wait, 1.0), _LONGEST_PAUSE))
        elif error not in _PASSING or tries > _REPEATS:
            raise self.refusal(method, error)

    def refusal(self, method: str, error: str) -> ApiError:
        """Return what to tell of an error of a command."""
        what = f"{method} answers {error}"
        if error in RIGHTS:
            return AccessError(self.source, what, _GRANT)
        if error in _PASSING or error == "OPERATION_TIME_LIMIT":
            return UnavailableError(self.source, what, "Start again later: the load goes on")
        return AnswerError(self.source, what, "The request or the API has changed")

    def _read_time(self, spent: Json) -> None:
        start, duration = spent.get("start"), spent.get("duration")
        if isinstance(start, (int, float)):
            self.server_time = datetime.fromtimestamp(start, UTC)
        if isinstance(duration, (int, float)) and duration > _SLOW:
            self.commands = max(_FEWEST, self.commands // 2)

    def _read_budget(self, method: str, spent: Json) -> None:
        """Note when a method's budget grows again: told by the portal's clock, and kept by ours."""
        reset, now = spent.get("operating_reset_at"), spent.get("finish")
        if isinstance(reset, (int, float)) and isinstance(now, (int, float)):
            self._resets[method] = time.monotonic() + reset - now


def _flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        pairs = [(f"{name}[{key}]" if name else str(key), item) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        pairs = [(f"{name}[{place}]", item) for place, item in enumerate(value)]
    else:
        return [(name, str(value))]
    return [found for key, item in pairs for found in _flat(item, key)]


def _is_page(response: requests.Response) -> bool:
    """Whether the portal answers a page where JSON is due: while it is moved or overloaded."""
    is_html = "html" in response.headers.get("Content-Type", "")
    return response.status_code in (301, 302, 307) or (
        is_html and response.status_code in (200, 403)
    )


def _code(response: requests.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        return ""
    return str(body.get("error", "")) if isinstance(body, dict) else ""


def _code_of(error: Any) -> str | None:
    """Return the code of an error, which old methods leave empty."""
    if error is None:
        return None
    code = error.get("error") if isinstance(error, dict) else error
    if not code and isinstance(error, dict):
        said = str(error.get("error_description", ""))
        return "ACCESS_DENIED" if said.startswith("Access denied") else WITHOUT_CODE
    return str(code or WITHOUT_CODE)
