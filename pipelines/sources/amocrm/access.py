"""What opens an amoCRM account: a long-lived token, or OAuth tokens that renew themselves."""

from __future__ import annotations

from typing import Final

from pipelines.sources._common.api import Credentials, LongLivedToken
from pipelines.sources._common.crm import Account
from pipelines.sources._common.tokens import TokenPair, buy_pair, oauth_tokens

_OAUTH: Final = ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN", "REDIRECT_URI")


def amocrm_credentials(account: Account) -> Credentials:
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
        f"Put a long-lived token of the integration (its page, tab of keys) into "
        f"{account.variable('TOKEN')}, or OAuth's four values into",
        _buy,
    )


def _buy(account: Account, given: dict[str, str | None], refresh_token: str) -> TokenPair:
    body = {
        "client_id": given["CLIENT_ID"], "client_secret": given["CLIENT_SECRET"],
        "redirect_uri": given["REDIRECT_URI"], "grant_type": "refresh_token",
        "refresh_token": refresh_token,
    }  # fmt: skip
    return buy_pair(account, "oauth2/access_token", json=body)
