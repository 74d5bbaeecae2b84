"""A first load that failed goes on: what was read is not read again, and nothing is missing."""

from __future__ import annotations

from contextlib import suppress

import pytest

from pipelines.sandbox.apis.bitrix24 import Bitrix24
from pipelines.sandbox.apis.serving import Faults
from pipelines.sources._common.api import UnavailableError
from pipelines.sources.bitrix24 import api
from tests.sources.crm.arriving import DAY, NewHome, Served, arrived, assert_true, load
from tests.sources.crm.vendors import BITRIX24


def test_first_load_goes_on(
    emulator: Bitrix24, served: Served, new_home: NewHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The portal is small: so that a load has many requests, each has few pages.
    monkeypatch.setattr(api, "COMMANDS", 8)
    crm, account, home = emulator.crm, BITRIX24.config(served(emulator)), new_home()
    load(new_home(), account)
    whole, pages = emulator.gate.requests, emulator.calls["crm.stagehistory.list"]
    answered = whole * 2 // 3
    emulator.calls.clear()
    emulator.faults = Faults(at=dict.fromkeys(range(whole + answered, 10_000), "server_error"))
    with pytest.raises(UnavailableError):
        load(home, account, attempts=1)
    emulator.calls.clear()
    # Meanwhile deals are edited, deleted, restored and merged.
    crm.advance(crm.now + 5 * DAY)
    emulator.faults = Faults()

    load(home, account)

    assert emulator.calls["crm.stagehistory.list"] < pages
    assert_true(arrived(home, account, BITRIX24), crm, BITRIX24)
    # The next load reads what changed since the first one began.
    crm.advance(crm.now + 5 * DAY)
    load(home, account)
    assert_true(arrived(home, account, BITRIX24), crm, BITRIX24)


@pytest.mark.soak
@pytest.mark.parametrize("spared", range(0, 40, 2))
@pytest.mark.usefixtures("plainly")
def test_load_that_fails_at_any_request_goes_on(
    spared: int, emulator: Bitrix24, served: Served, new_home: NewHome,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(api, "COMMANDS", 8)
    crm, account, home = emulator.crm, BITRIX24.config(served(emulator)), new_home()
    refused = 0
    for _ in range(3):
        begin = emulator.gate.requests + refused
        emulator.faults = Faults(at=dict.fromkeys(range(begin + spared, 10_000), "unavailable"))
        with suppress(UnavailableError):
            load(home, account, attempts=1)
        refused += sum(emulator.faults.happened.values())
        crm.advance(crm.now + 4 * DAY)
    emulator.faults = Faults()

    load(home, account)

    assert_true(arrived(home, account, BITRIX24), crm, BITRIX24)
