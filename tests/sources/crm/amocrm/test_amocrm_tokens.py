"""Refresh tokens that work once: stored before use, one refresh at a time."""

from __future__ import annotations

import json
import threading

import pytest

from pipelines.lib.crm_loading import account_of
from pipelines.sandbox.apis.amocrm import AmoCrm
from pipelines.sandbox.crm import Crm
from pipelines.settings import CrmConfig, Settings
from pipelines.sources._common.api import AccessError
from pipelines.sources.amocrm.access import amocrm_credentials
from tests.sources.crm.arriving import DAY, NewHome, Served, arrived, assert_true, load
from tests.sources.crm.vendors import AMOCRM

FIRST = "first-refresh-token"


@pytest.fixture(autouse=True)
def oauth(emulator: AmoCrm, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator.refresh_token = FIRST
    monkeypatch.delenv("OTVET_AMOCRM_TOKEN", raising=False)
    for name, value in (
        ("CLIENT_ID", emulator.client_id), ("CLIENT_SECRET", emulator.client_secret),
        ("REFRESH_TOKEN", FIRST), ("REDIRECT_URI", "https://company.example/back"),
    ):  # fmt: skip
        monkeypatch.setenv(f"OTVET_AMOCRM_{name}", value)


@pytest.fixture
def home(new_home: NewHome, monkeypatch: pytest.MonkeyPatch) -> Settings:
    made = new_home()
    monkeypatch.delenv("OTVET_AMOCRM_TOKEN")
    return made


def test_tokens_are_renewed_and_kept_for_the_next_load(
    crm: Crm, emulator: AmoCrm, served: Served, home: Settings
) -> None:
    account = AMOCRM.config(served(emulator))
    load(home, account)
    stored = home.tokens / "amocrm.json"
    assert json.loads(stored.read_text())["refresh_token"] == emulator.refresh_token != FIRST
    assert stored.stat().st_mode & 0o077 == 0

    crm.advance(crm.now + 2 * DAY)  # the access token lives a day
    load(home, account)

    assert_true(arrived(home, account, AMOCRM), crm, AMOCRM)


def test_tokens_that_end_during_a_load_are_renewed(
    crm: Crm, emulator: AmoCrm, served: Served, home: Settings
) -> None:
    account = AMOCRM.config(served(emulator))
    emulator.between_pages = lambda page: emulator.expire_tokens() if page % 4 == 0 else None

    load(home, account)

    assert_true(arrived(home, account, AMOCRM), crm, AMOCRM)


def test_two_that_refresh_at_once_buy_one_pair(
    emulator: AmoCrm, served: Served, home: Settings
) -> None:
    account = AMOCRM.config(served(emulator))
    found: list[dict[str, str]] = []

    def ask() -> None:
        found.append(amocrm_credentials(account_of(home, account)).headers())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len({item["Authorization"] for item in found}) == 1


def test_spent_refresh_token_is_told_without_showing_it(
    emulator: AmoCrm, served: Served, home: Settings
) -> None:
    emulator.refresh_token = "another"

    with pytest.raises(AccessError, match="OTVET_AMOCRM_REFRESH_TOKEN") as told:
        load(home, AMOCRM.config(served(emulator)))

    assert FIRST not in str(told.value)


def test_missing_credentials_are_named(
    emulator: AmoCrm, served: Served, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OTVET_AMOCRM_CLIENT_SECRET")

    with pytest.raises(AccessError, match="OTVET_AMOCRM_TOKEN"):
        load(home, AMOCRM.config(served(emulator)))


def test_address_must_be_one() -> None:
    with pytest.raises(ValueError, match="url"):
        CrmConfig.model_validate({"name": "amo", "kind": "amocrm", "url": "demo"})
