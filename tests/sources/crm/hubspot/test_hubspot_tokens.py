"""OAuth: access tokens of half an hour, and a refresh token that may stay or not."""

from __future__ import annotations

import json

import pytest

from pipelines.sandbox.apis.hubspot import HubSpot
from pipelines.settings import Settings
from pipelines.sources._common.api import AccessError
from tests.sources.crm.arriving import DAY, NewHome, Served, arrived, assert_true, load
from tests.sources.crm.vendors import HUBSPOT

FIRST = "first-refresh-token"


@pytest.fixture
def home(emulator: HubSpot, new_home: NewHome, monkeypatch: pytest.MonkeyPatch) -> Settings:
    made = new_home()
    emulator.refresh_token = FIRST
    monkeypatch.delenv("OTVET_HUBSPOT_TOKEN")
    for name, value in (
        ("CLIENT_ID", emulator.client_id), ("CLIENT_SECRET", emulator.client_secret),
        ("REFRESH_TOKEN", FIRST),
    ):  # fmt: skip
        monkeypatch.setenv(f"OTVET_HUBSPOT_{name}", value)
    return made


@pytest.mark.parametrize("rotates", [pytest.param(True, marks=pytest.mark.soak), False])
def test_tokens_that_end_are_renewed_and_kept(
    rotates: bool, emulator: HubSpot, served: Served, home: Settings
) -> None:
    emulator.rotates = rotates
    account, crm = HUBSPOT.config(served(emulator)), emulator.crm
    emulator.between_pages = lambda page: emulator.expire_tokens() if page % 12 == 0 else None
    load(home, account)
    stored = home.tokens / "hubspot.json"
    assert json.loads(stored.read_text())["refresh_token"] == emulator.refresh_token
    assert (emulator.refresh_token == FIRST) == (not rotates)
    assert stored.stat().st_mode & 0o077 == 0

    crm.advance(crm.now + 2 * DAY)
    load(home, account)

    assert_true(arrived(home, account, HUBSPOT), crm, HUBSPOT)


def test_withdrawn_refresh_token_is_told_without_showing_it(
    emulator: HubSpot, served: Served, home: Settings
) -> None:
    emulator.refresh_token = "another"

    with pytest.raises(AccessError, match="OTVET_HUBSPOT_REFRESH_TOKEN") as told:
        load(home, HUBSPOT.config(served(emulator)))

    assert FIRST not in str(told.value)


def test_missing_credentials_are_named(
    emulator: HubSpot, served: Served, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OTVET_HUBSPOT_CLIENT_SECRET")

    with pytest.raises(AccessError, match="OTVET_HUBSPOT_CLIENT_SECRET"):
        load(home, HUBSPOT.config(served(emulator)))
