"""Reading JSON APIs: pace, patience and errors that say what to do.

`JsonApi` stands on dlt's request client, which repeats what may pass (429, 5xx, time-outs, lost
connections, bodies that end early) and honours `Retry-After`. Neither addresses nor headers are in
an error: they hold secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol

import orjson
import requests
from dlt.sources.helpers.requests import Client
from requests.adapters import HTTPAdapter

from pipelines.sources._common.pace import Pace

Json = dict[str, Any]

_ATTEMPTS: Final = 6
_RENEWALS: Final = 5  # of tokens, in one request: other threads renew them as well
_TIMEOUT: Final = (10, 60)
_LONGEST_WAIT: Final = 60
_THREADS: Final = 16  # connections that are kept open
# Passing troubles that the client would not repeat by itself: locked, and those of Cloudflare.
_PASSING: Final = frozenset({423, 520, 521, 522, 523, 524})
_MIGRATING: Final = 477  # HubSpot moves an account to another place, for up to a day
# Where vendors say what is wrong.
_SAID_IN: Final = ("detail", "error_description", "message", "error", "title")


class ApiError(Exception):
    """A source cannot be read; what was loaded before stays, and the next run goes on from there.

    Args:
        source: name of the configured source.
        reason: what happened, without secrets and personal data.
        remedy: what to do about it.
    """

    def __init__(self, source: str, reason: str, remedy: str) -> None:
        super().__init__(f"{source}: {reason}. {remedy}.")
        self.source, self.reason, self.remedy = source, reason, remedy


class AccessError(ApiError):
    """The credentials are not accepted, or lack a right."""


class RightError(AccessError):
    """The credentials are accepted, but lack a right for what is asked."""


class BlockedError(ApiError):
    """The vendor has closed the door for this integration or address."""


class UnavailableError(ApiError):
    """The API does not answer, or only with errors of its own."""


class AnswerError(ApiError):
    """The answer is not what the documentation promises."""


class NotThereError(AnswerError):
    """The API has no such path: it is of another edition, or the address is wrong."""


class Credentials(Protocol):
    """What opens an API."""

    def headers(self) -> dict[str, str]:
        """Return the headers of a request."""

    def renew(self, refused: dict[str, str]) -> bool:
        """Get others in place of refused headers; false where only a person can."""


@dataclass(frozen=True)
class LongLivedToken:
    """A token that lives until a person replaces it."""

    token: str

    def headers(self) -> dict[str, str]:
        """Return the bearer header."""
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self, refused: dict[str, str]) -> bool:
        """Say that it cannot be renewed."""
        del refused
        return False


class _PacedAdapter(HTTPAdapter):
    """Waits before every attempt, the repeated ones among them.

    Args:
        pace: of all requests.
        paces: of requests whose path ends in a word, besides.
        pause: seconds without requests after a refusal that tells none.
    """

    def __init__(self, pace: Pace, paces: Mapping[str, Pace], pause: float) -> None:
        super().__init__(pool_maxsize=_THREADS)
        self._pace = pace
        self._paces = paces
        self._pause = pause

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        path = (request.url or "").partition("?")[0]
        paces = [pace for ending, pace in self._paces.items() if path.endswith(ending)]
        begun = [(pace, pace.begin()) for pace in (*paces, self._pace)]
        is_answered = False
        try:
            response = super().send(request, *args, **kwargs)
            is_answered = True
        finally:
            for pace, moment in begun:
                pace.end(moment, is_answered=is_answered)
        if response.status_code == 429:
            # The other threads would go on into a block of the whole integration.
            told = response.headers.get("Retry-After", "")
            self._pace.hold(min(float(told), _LONGEST_WAIT) if told.isdigit() else self._pause)
        return response


class JsonApi:
    """An API that answers JSON objects; threads may ask it together.

    Args:
        per_second: requests, of all threads together.
        paces: requests per second to paths that end in a word, where the vendor counts them apart.
        told_pace: requests per second that the headers of an answer allow, null where they say
            nothing; it goes before `per_second`.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        credentials: Credentials,
        *,
        per_second: float,
        burst: int = 1,
        paces: Mapping[str, float] | None = None,
        told_pace: Callable[[Mapping[str, str]], float | None] | None = None,
        attempts: int = _ATTEMPTS,
        backoff_seconds: float = 1.0,
        timeout: tuple[float, float] = _TIMEOUT,
    ) -> None:
        self.source = source
        self.server_time: datetime | None = None
        self._base = base_url.rstrip("/")
        self._credentials = credentials
        client = Client(
            request_timeout=timeout,
            raise_for_status=False,
            request_max_attempts=attempts,
            request_backoff_factor=backoff_seconds,
            request_max_retry_delay=_LONGEST_WAIT,
            retry_condition=self._may_pass,
        )
        self._client = client
        own = {ending: Pace(limit) for ending, limit in (paces or {}).items()}
        self.pace = Pace(per_second, burst)
        self._told_pace = told_pace
        self._adapter = _PacedAdapter(self.pace, own, backoff_seconds)

    @property
    def _session(self) -> requests.Session:
        """The session of this thread; all of them pass through one pace."""
        session: requests.Session = self._client.session
        if session.adapters.get("https://") is not self._adapter:
            for scheme in ("http://", "https://"):
                session.mount(scheme, self._adapter)
        return session

    def get(
        self, path: str, params: Mapping[str, Any] | None = None, *, is_list: bool = False
    ) -> Json | None:
        """Return the object at a path or at a link of this API; null where there is none.

        Args:
            is_list: a list that is not there (404) is no empty one: it is an error.

        Raises:
            AccessError, BlockedError, UnavailableError, AnswerError: as they say.
            NotThereError: there is no such list.
        """
        return self._ask("GET", path, is_list=is_list, params=params)

    def post(self, path: str, body: Mapping[str, Any]) -> Json | None:
        """Return the answer to a question that is too long for an address; it must change nothing.

        Raises:
            AccessError, BlockedError, UnavailableError, AnswerError: as they say.
        """
        return self._ask("POST", path, json=body)

    def _ask(self, method: str, path: str, *, is_list: bool = False, **content: Any) -> Json | None:
        headers = self._credentials.headers()
        response = self._send(method, path, headers, content)
        for _ in range(_RENEWALS):
            if response.status_code != 401 or not self._credentials.renew(headers):
                break
            # Meanwhile others may have bought a newer pair, which ends this one.
            headers = self._credentials.headers()
            response = self._send(method, path, headers, content)
        if "Date" in response.headers:
            self.server_time = parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
        if self._told_pace is not None:
            self.pace.per_second = self._told_pace(response.headers) or self.pace.per_second
        if response.status_code == 404 and is_list:
            raise NotThereError(
                self.source, f"{_called(path)} is not there", "Check the address of the source"
            )
        if response.status_code in (204, 404):
            return None
        self._refuse(response, path)
        try:
            body = _parsed(response)
        except ValueError as error:
            raise AnswerError(
                self.source, f"{_called(path)} answers no JSON", "Start again later"
            ) from error
        if not isinstance(body, dict):
            raise AnswerError(
                self.source,
                f"{_called(path)} answers a {type(body).__name__} where an object is documented",
                "The API may have changed; look for a newer version of this connector",
            )
        return body

    def _may_pass(self, response: requests.Response | None, error: BaseException | None) -> bool:
        """Whether to ask again where the client would not by itself."""
        return _may_pass(response, error)

    def _send(
        self, method: str, path: str, headers: dict[str, str], content: dict[str, Any]
    ) -> requests.Response:
        url = path if "://" in path else f"{self._base}/{path}"
        if not url.startswith(self._base + "/"):
            # A link to another host would carry the credentials there.
            raise AnswerError(
                self.source, "a link leads to another host", "Check the address of the source"
            )
        try:
            response: requests.Response = self._session.request(
                method, url, headers={**headers, "Accept": "application/json"},
                allow_redirects=False, **content,
            )  # fmt: skip
        except (requests.RequestException, ValueError) as error:
            raise UnavailableError(
                self.source,
                f"{_called(path)} cannot be reached ({type(error).__name__})",
                "Check the network and the address; the next run goes on from here",
            ) from None
        return response

    def _refuse(self, response: requests.Response, path: str) -> None:
        status = response.status_code
        if 200 <= status < 300:
            return
        said = _said(response)
        what = f"{_called(path)} answers {status}{said}"
        if status == 401:
            raise AccessError(
                self.source, what, "The token has ended or was withdrawn: issue a new one"
            )
        if status == 403 and "json" not in response.headers.get("Content-Type", ""):
            raise BlockedError(
                self.source,
                what,
                "The vendor blocks this integration or address after too many requests; wait an "
                "hour and lower requests_per_second",
            )
        if status in (402, 403):
            raise RightError(
                self.source,
                what,
                "Give this right to the user that the token belongs to, or issue the token as an "
                "administrator; the account may be unpaid as well",
            )
        if status in (423, 429, _MIGRATING) or status >= 500:
            raise UnavailableError(self.source, what, "Start again later: the load goes on")
        raise AnswerError(self.source, what, "The request or the API has changed")


def _called(path: str) -> str:
    """A path as it may be shown: without host and query."""
    return path.partition("://")[2].partition("/")[2].partition("?")[0] if "://" in path else path


def _said(response: requests.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        return ""
    known = body if isinstance(body, dict) else {}
    detail = next((known[name] for name in _SAID_IN if known.get(name)), None)
    return f" ({str(detail)[:120]})" if detail else ""


def _may_pass(response: requests.Response | None, error: BaseException | None) -> bool:
    """Whether to ask again: of a passing trouble, of an answer that was cut or is for people.

    It was cut where its JSON does not end, or fewer bytes came than were told.
    """
    if response is not None and response.status_code in _PASSING:
        return True
    if response is None or not response.ok or response.status_code == 204:
        return isinstance(error, requests.exceptions.ContentDecodingError)
    try:
        _parsed(response)
    except ValueError:
        return True
    return False


def _parsed(response: requests.Response) -> Any:
    """Return what an answer holds; pages are large, and the client's own parser is slow.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return _whole(response.json())  # knows other encodings and longer numbers


def _whole(value: Any) -> Any:
    """Replace halves of characters, which no file can hold: texts that were cut have them."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value
