"""OAuth tokens whose refresh token works once: stored before they are used, under a lock."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import requests

from pipelines.durable import write_whole
from pipelines.sources._common.api import AccessError, RightError, UnavailableError
from pipelines.sources._common.crm import Account


@dataclass(frozen=True)
class TokenPair:
    """An access token and the refresh token that buys the next pair."""

    access_token: str
    refresh_token: str


# Buys a new pair for a refresh token.
Exchange = Callable[[str], TokenPair]


def buy_pair(
    account: Account, path: str, *, server: str | None = None, method: str = "POST", **content: Any
) -> TokenPair:
    """Ask a vendor for a new pair.

    Args:
        path: of the vendor's token endpoint, below the address of the account.
        server: address instead of the account's, where one server issues the tokens of all.
        content: `json`, `data` or `params` of the request, as the vendor takes it.

    Raises:
        UnavailableError: nobody answers; the pair may be spent or not.
        AccessError: the refresh token is not accepted.
    """
    try:
        # Asked once: a token that was sent is spent, whatever became of the answer.
        response = requests.request(
            method, f"{(server or account.url).rstrip('/')}/{path}", timeout=60,
            allow_redirects=False, **content,
        )  # fmt: skip
    except requests.RequestException as error:
        raise UnavailableError(
            account.name, f"tokens cannot be renewed ({type(error).__name__})", "Start again later"
        ) from None
    if response.status_code >= 500 or response.status_code == 429:
        raise UnavailableError(
            account.name, f"tokens cannot be renewed ({response.status_code})", "Start again later"
        )
    answer = _object(response)
    if "PAYMENT" in str(answer.get("error", "")).upper():
        raise RightError(
            account.name, "tokens are not renewed: the account is unpaid", "Pay for the account"
        )
    if response.status_code != 200 or "error" in answer:
        raise AccessError(
            account.name,
            f"the refresh token is not accepted ({response.status_code})",
            f"Allow the integration once more, put the new token into "
            f"{account.variable('REFRESH_TOKEN')} and remove tokens/{account.tokens.name} "
            "from the home",
        )
    pair = answer.get("access_token"), answer.get("refresh_token")
    if not all(isinstance(token, str) and token for token in pair):
        raise UnavailableError(
            account.name, "tokens cannot be renewed (the answer holds none)", "Start again later"
        )
    return TokenPair(*map(str, pair))


def _object(response: requests.Response) -> dict[str, Any]:
    """Return what an answer holds, nothing where it is no object."""
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


class RotatingTokens:
    """The pair of one source in a file that only its owner reads.

    Two processes never refresh at once, and whoever comes second finds the new pair in the file. A
    refresh token is spent by being sent, so the answer is on the disk before anything else happens.
    """

    def __init__(self, source: str, path: Path, first: str | None, exchange: Exchange) -> None:
        self._source = source
        self._path = path
        self._first = first
        self._exchange = exchange

    def headers(self) -> dict[str, str]:
        """Return the bearer header of the stored pair; the first pair is bought here."""
        pair = self._read()
        if pair is None:
            self._refresh(None)
            pair = self._read()
            assert pair is not None
        return {"Authorization": f"Bearer {pair.access_token}"}

    def renew(self, refused: dict[str, str]) -> bool:
        """Buy a new pair, unless another process has done so since."""
        self._refresh(refused.get("Authorization", "").removeprefix("Bearer "))
        return True

    def _refresh(self, refused: str | None) -> None:
        with self._locked():
            pair = self._read()
            if pair is not None and pair.access_token != refused:
                return
            token = pair.refresh_token if pair is not None else self._first
            if not token:
                raise AccessError(
                    self._source,
                    "there is no refresh token",
                    "Allow the integration once more and put its refresh token into the "
                    "environment",
                )
            self._store(self._exchange(token))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _read(self) -> TokenPair | None:
        try:
            content: dict[str, Any] = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return None
        return TokenPair(content["access_token"], content["refresh_token"])

    def _store(self, pair: TokenPair) -> None:
        """Write durably: a power cut after this line loses nothing."""
        write_whole(self._path, json.dumps(asdict(pair)), mode=0o600)


def oauth_tokens(
    account: Account,
    names: Sequence[str],
    remedy: str,
    buy: Callable[[Account, dict[str, str | None], str], TokenPair],
) -> RotatingTokens:
    """Return tokens that renew themselves with the values of the environment.

    Args:
        names: short names of OAuth's values; the refresh token is needed once only.
        remedy: what to put into the environment instead of them.
        buy: asks the vendor for a new pair, given the values and the refresh token.

    Raises:
        AccessError: the environment lacks one of them.
    """
    given = {name: account.secret(name) for name in names}
    needed = [name for name in names if name != "REFRESH_TOKEN" or not account.tokens.exists()]
    if any(not given[name] for name in needed):
        raise AccessError(
            account.name,
            "there are no credentials",
            f"{remedy} {', '.join(account.variable(name) for name in names)}",
        )
    return RotatingTokens(
        account.name,
        account.tokens,
        given["REFRESH_TOKEN"],
        lambda token: buy(account, given, token),
    )
