"""Who may ask the emulated HubSpot, how often and for what: tokens, limits, scopes."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pipelines.sandbox.apis.hubspot_records import KINDS
from pipelines.sandbox.apis.serving import Emulator, Gate

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
class GuardedAccount(Emulator):
    """The part of an account that admits a request or refuses it.

    100 requests in ten seconds are let through, 5 a second of the search.
    """

    token: str = "private-app-token"  # noqa: S105
    client_id: str = "client"
    client_secret: str = "client-secret"  # noqa: S105
    refresh_token: str | None = None
    rotates: bool = False  # whether a refresh token works once
    access_seconds: int = 1_800
    gate: Gate = field(default_factory=lambda: Gate(100, 10.0))
    search_gate: Gate = field(default_factory=lambda: Gate(5, 1.0))
    left_today: int | None = None  # requests of this day; null: as many as one likes
    statuses_at: dict[int, int] = field(default_factory=dict)  # answers by number of request
    scopes: set[str] = field(default_factory=lambda: set(_SCOPES.values()))
    asked: dict[str, int] = field(default_factory=dict)  # requests by the last word of their path
    _issued: dict[str, int] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)
    _answered: int = 0
    _number: int = 0

    def expire_tokens(self) -> None:
        """Let every access token end at once, as the vendor does after half an hour."""
        self._ended |= set(self._issued)
        self._issued.clear()

    async def access_token(self, request: Request) -> Response:
        """Answer with an access token for the refresh token of now."""
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

    def guarded(self, answer: Answer, scope: str) -> Callable[[Request], Any]:
        """Return an endpoint that answers requests that may be asked.

        Args:
            answer: gets the request and its JSON body.
            scope: what the token must be allowed; empty: what the kind of record needs.
        """

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
        if self.lacks(path):
            raise RefusedError(404, "OBJECT_NOT_FOUND", "resource not found")
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


def _too_many(policy: str) -> RefusedError:
    return RefusedError(
        429, "RATE_LIMITS", f"You have reached your {policy.lower()} limit.",
        errorType="RATE_LIMIT", policyName=policy, requestId=str(UUID(int=429)),
    )  # fmt: skip
