"""An application's tokens: of an hour, renewed at a server of the vendor's own, each time anew."""

from __future__ import annotations

import json

import pytest

from pipelines.sandbox.apis.bitrix24 import Bitrix24
from pipelines.settings import Settings
from pipelines.sources._common.api import AccessError
from tests.sources.crm.arriving import DAY, NewHome, Served, arrived, assert_true, load
from tests.sources.crm.vendors import BITRIX24

FIRST = "first-refresh-token"


@pytest.fixture
def url(
    emulator: Bitrix24, served: Served, new_home: NewHome, monkeypatch: pytest.MonkeyPatch
) -> str:
    emulator.refresh_token = FIRST
    address = served(emulator)
    monkeypatch.delenv("OTVET_BITRIX24_WEBHOOK", raising=False)
    for name, value in (
        ("CLIENT_ID", emulator.client_id), ("CLIENT_SECRET", emulator.client_secret),
        ("REFRESH_TOKEN", FIRST), ("OAUTH_SERVER", address),
    ):  # fmt: skip
        monkeypatch.setenv(f"OTVET_BITRIX24_{name}", value)
    return address


@pytest.fixture
def home(new_home: NewHome, url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("OTVET_BITRIX24_WEBHOOK", raising=False)
    return new_home()


def test_tokens_that_end_are_renewed_and_kept(emulator: Bitrix24, home: Settings, url: str) -> None:
    account, crm = BITRIX24.config(url), emulator.crm
    emulator.between_pages = lambda page: emulator.expire_tokens() if page % 30 == 0 else None
    load(home, account)
    stored = home.tokens / "bitrix24.json"
    assert json.loads(stored.read_text())["refresh_token"] == emulator.refresh_token != FIRST
    assert stored.stat().st_mode & 0o077 == 0

    crm.advance(crm.now + 2 * DAY)
    load(home, account)

    assert_true(arrived(home, account, BITRIX24), crm, BITRIX24)


def test_spent_refresh_token_is_told_without_showing_it(
    emulator: Bitrix24, home: Settings, url: str
) -> None:
    emulator.refresh_token = "another"

    with pytest.raises(AccessError, match="OTVET_BITRIX24_REFRESH_TOKEN") as told:
        load(home, BITRIX24.config(url))

    assert FIRST not in str(told.value)


def test_missing_credentials_are_named(
    home: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OTVET_BITRIX24_CLIENT_SECRET")

    with pytest.raises(AccessError, match="OTVET_BITRIX24_WEBHOOK"):
        load(home, BITRIX24.config(url))
