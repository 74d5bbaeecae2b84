"""What only amoCRM does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipelines.lib.doctor import examine
from pipelines.sandbox.apis.amocrm import AmoCrm
from pipelines.sandbox.apis.serving import Gate
from pipelines.sandbox.crm import Crm
from pipelines.sources._common.api import BlockedError
from tests.sources.crm.arriving import (
    NewHome,
    Served,
    arrived,
    assert_loads_agree,
    assert_true,
    load,
)
from tests.sources.crm.vendors import AMOCRM


@pytest.mark.soak
@pytest.mark.parametrize("days", [1, 6])
def test_filter_that_is_ignored_changes_nothing(
    days: int, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    emulator.has_filter = False
    assert_loads_agree(days, AMOCRM, emulator, served(emulator), new_home)


def test_block_ends_the_load(emulator: AmoCrm, served: Served, new_home: NewHome) -> None:
    """Whoever goes on after 429 gets a page of HTML with 403: no request follows it."""
    emulator.gate = Gate(0, 1.0, refused=31)
    account = AMOCRM.config(served(emulator))

    with pytest.raises(BlockedError, match="wait an hour"):
        load(new_home(), account)

    assert emulator.gate.requests == 1


def test_no_right_to_users_costs_only_their_names(
    crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    emulator.forbidden = {"users"}
    account, home = AMOCRM.config(served(emulator)), new_home()

    report = load(home, account)

    assert report.notes == [
        "no right to read users: deals are loaded without names of their owners"
    ]
    deals = arrived(home, account, AMOCRM)["int_deals"]
    assert len(deals) == len(crm.deals)
    assert {row["owner_name"] for row in deals} == {None}


def test_links_between_pages_are_not_followed(
    crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    """They may lead anywhere, and the token would go with them: pages are asked for by number."""
    account, home = AMOCRM.config(served(emulator)), new_home()
    emulator.base_url = "http://127.0.0.2:9"

    load(home, account)

    assert_true(arrived(home, account, AMOCRM), crm, AMOCRM)


def test_doctor_says_what_an_account_holds_back(
    emulator: AmoCrm, served: Served, tmp_path: Path
) -> None:
    emulator.has_filter, emulator.forbidden = False, {"users", "tasks"}
    (tmp_path / "otvet.toml").write_text(
        AMOCRM.account.section("amocrm", served(emulator), 1000), encoding="utf-8"
    )
    environ = {**os.environ, "OTVET_HOME": str(tmp_path), **AMOCRM.account.environment("amocrm")}

    found = next(item for item in examine(environ) if item.subject == "crm amocrm")

    assert found.level == "warn"
    assert "add-on for filters is off" in found.message
    assert "names of their owners" in found.message
    assert "no right to read tasks" in found.message
    emulator.forbidden = {"events"}
    found = next(item for item in examine(environ) if item.subject == "crm amocrm")
    assert found.level == "fail"
    assert "api/v4/events answers 403" in found.message
    assert "issue the token as an administrator" in found.message
