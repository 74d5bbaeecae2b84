"""A first load that failed goes on: what was read is not read again, and nothing is missing."""

from __future__ import annotations

from contextlib import suppress

import pytest

from pipelines.sandbox.apis.hubspot import HubSpot
from pipelines.sandbox.apis.serving import PAGE_FAULTS, Faults
from pipelines.sources._common.api import UnavailableError
from pipelines.sources.hubspot import first_load, objects
from tests.sources.crm.arriving import DAY, NewHome, Served, arrived, assert_true, load
from tests.sources.crm.vendors import HUBSPOT

pytestmark = pytest.mark.usefixtures("plainly")


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account is small: so that its lists have many pages and windows, these are smaller."""
    monkeypatch.setattr(objects, "PAGE", 10)
    monkeypatch.setattr(objects, "WITH_HISTORY", 5)
    monkeypatch.setattr(first_load, "WINDOW", 40)
    monkeypatch.setattr(first_load, "_SHORT", 2)


@pytest.mark.parametrize(
    ("is_behind", "needs_known"), [(False, False), (True, False), (False, True)]
)
def test_first_load_goes_on(
    is_behind: bool, needs_known: bool, emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    """Whatever a cursor is: windows begin where they can, and the one before fills the gap."""
    emulator.cursor_is_behind, emulator.needs_known_cursors = is_behind, needs_known
    crm, account, home = emulator.crm, HUBSPOT.config(served(emulator)), new_home()
    load(new_home(), account)
    whole, pages = emulator.gate.requests + emulator.search_gate.requests, emulator.asked["deals"]
    answered = whole * 2 // 3
    emulator.faults = Faults(at=dict.fromkeys(range(whole + answered, 10_000), "server_error"))
    with pytest.raises(UnavailableError):
        load(home, account, attempts=1)
    emulator.asked.clear()
    # Meanwhile deals are edited, deleted, restored and merged.
    crm.advance(crm.now + 5 * DAY)
    emulator.faults = Faults()

    load(home, account)

    assert emulator.asked["deals"] < pages * 2 / 3
    assert_true(arrived(home, account, HUBSPOT), crm, HUBSPOT)
    # The next load reads what changed since the first one began.
    crm.advance(crm.now + 5 * DAY)
    load(home, account)
    assert_true(arrived(home, account, HUBSPOT), crm, HUBSPOT)


def test_cursor_that_is_none_any_more_begins_its_window_anew(
    emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    emulator.needs_known_cursors = True
    crm, account, home = emulator.crm, HUBSPOT.config(served(emulator)), new_home()
    emulator.faults = Faults(at=dict.fromkeys(range(60, 10_000), "server_error"))
    with pytest.raises(UnavailableError):
        load(home, account, attempts=1)
    emulator.forget_cursors()
    emulator.faults = Faults()

    load(home, account)

    assert_true(arrived(home, account, HUBSPOT), crm, HUBSPOT)


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(n, marks=pytest.mark.soak) for n in range(2, 22))]
)
def test_page_of_another_window_hides_none(
    seed: int, emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    crm, account, home = emulator.crm, HUBSPOT.config(served(emulator)), new_home()
    emulator.faults = Faults(PAGE_FAULTS, share=0.2, seed=seed, in_a_row=1)

    load(home, account)

    assert emulator.faults.happened["repeated_page"] > 0
    assert_true(arrived(home, account, HUBSPOT), crm, HUBSPOT)


@pytest.mark.soak
@pytest.mark.parametrize("spared", range(10, 130, 6))
def test_load_that_fails_at_any_request_goes_on(
    spared: int, emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    crm, account, home = emulator.crm, HUBSPOT.config(served(emulator)), new_home()
    for _ in range(3):
        begin = emulator.gate.requests + emulator.search_gate.requests
        begin += sum(emulator.faults.happened.values())
        emulator.faults = Faults(at=dict.fromkeys(range(begin + spared, 10_000), "unavailable"))
        with suppress(UnavailableError):
            load(home, account, attempts=1)
        crm.advance(crm.now + 4 * DAY)
    emulator.faults = Faults()

    load(home, account)

    assert_true(arrived(home, account, HUBSPOT), crm, HUBSPOT)
