"""What opens a Bitrix24 portal: an incoming webhook, or the tokens of an application."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from pipelines.sources._common.api import AccessError, Credentials
from pipelines.sources._common.crm import Account
from pipelines.sources._common.tokens import TokenPair, buy_pair, oauth_tokens

OAUTH_SERVER: Final = "https://oauth.bitrix24.tech"
_OAUTH: Final = ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN")
_WEBHOOK: Final = re.compile(r"(?:(https?://[^/\s]+)/rest)?/?(\d+/[A-Za-z0-9_-]+)/?")


class WebhookAccess:
    """A webhook's secret is in the address: there is nothing to add to a request."""

    def headers(self) -> dict[str, str]:
        """Return none."""
        return {}

    def renew(self, refused: dict[str, str]) -> bool:
        """Say that it cannot be renewed."""
        del refused
        return False


def bitrix24_credentials(account: Account) -> Credentials:
    """Return what opens a portal.

    Raises:
        AccessError: the environment has neither a webhook nor OAuth's values.
    """
    if account.secret("WEBHOOK"):
        return WebhookAccess()
    return oauth_tokens(
        account,
        _OAUTH,
        f"Put the address of an incoming webhook (Developer resources, Other, Incoming "
        f"webhook) into {account.variable('WEBHOOK')}, or an application's three values into",
        _buy,
    )


def bitrix24_base_url(account: Account) -> str:
    """Return the address of the API; that of a webhook is a secret.

    Raises:
        AccessError: the webhook is none, or of another portal.
    """
    root = f"{account.url.rstrip('/')}/rest"
    webhook = account.secret("WEBHOOK")
    if not webhook:
        return root
    found = _WEBHOOK.fullmatch(webhook.strip())
    if found is None:
        raise AccessError(
            account.name,
            f"{account.variable('WEBHOOK')} holds no webhook",
            "It ends in the number of a user and a code: https://portal.bitrix24.ru/rest/1/code/",
        )
    if found.group(1) and urlsplit(found.group(1)).netloc != urlsplit(account.url).netloc:
        raise AccessError(
            account.name,
            f"the webhook in {account.variable('WEBHOOK')} is of another portal than url",
            "Correct one of the two",
        )
    return f"{root}/{found.group(2)}"


def _buy(account: Account, given: dict[str, str | None], refresh_token: str) -> TokenPair:
    # One server issues the tokens of all portals; there is an older one in other regions.
    return buy_pair(
        account, "oauth/token/", server=account.secret("OAUTH_SERVER") or OAUTH_SERVER,
        method="GET",
        params={
            "grant_type": "refresh_token", "client_id": given["CLIENT_ID"],
            "client_secret": given["CLIENT_SECRET"], "refresh_token": refresh_token,
        },
    )  # fmt: skip
