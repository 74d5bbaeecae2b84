"""What opens a HubSpot account: the token of a private app, or OAuth tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipelines.sources._common.api import Credentials, LongLivedToken
from pipelines.sources._common.crm import Account
from pipelines.sources._common.tokens import TokenPair, buy_pair, oauth_tokens

_SPARE: Final = 0.95
_OAUTH: Final = ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN")


def hubspot_credentials(account: Account) -> Credentials:
    """Return what opens an account.

    Raises:
        AccessError: the environment has neither a token nor OAuth's values.
    """
    token = account.secret("TOKEN")
    if token:
        return LongLivedToken(token)
    return oauth_tokens(
        account,
        _OAUTH,
        f"Put the access token of a private app or a service key into "
        f"{account.variable('TOKEN')}, or OAuth's three values into",
        _buy,
    )


def _buy(account: Account, given: dict[str, str | None], refresh_token: str) -> TokenPair:
    form = {
        "client_id": given["CLIENT_ID"], "client_secret": given["CLIENT_SECRET"],
        "grant_type": "refresh_token", "refresh_token": refresh_token,
    }  # fmt: skip
    # The answer carries a refresh token; mostly it is the one that was sent, but it is kept.
    return buy_pair(account, "oauth/v1/token", data=form)


def told_pace(headers: Mapping[str, str]) -> float | None:
    """Return the requests per second that an answer allows, with a little to spare.

    The limit depends on the subscription: 100, 110, 190 or 250 in ten seconds. Answers of the
    search do not tell it.
    """
    try:
        most = float(headers["X-HubSpot-RateLimit-Max"])
        milliseconds = float(headers["X-HubSpot-RateLimit-Interval-Milliseconds"])
    except (KeyError, ValueError):
        return None
    return _SPARE * most * 1000 / milliseconds if most > 0 and milliseconds > 0 else None
