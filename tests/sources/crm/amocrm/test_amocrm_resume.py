"""A first load that failed goes on: what was read is not read again, and nothing is missing."""

from __future__ import annotations

import pytest

from pipelines.sandbox.apis.amocrm import AmoCrm
from pipelines.sandbox.apis.serving import Faults
from pipelines.sources._common.api import UnavailableError
from pipelines.sources.amocrm import lists, reader
from tests.sources.crm.arriving import DAY, NewHome, Served, arrived, assert_true, load
from tests.sources.crm.vendors import AMOCRM


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account is small: so that its lists have many pages, these are smaller."""
    monkeypatch.setattr(lists, "PAGE", 10)
    monkeypatch.setattr(reader, "EVENT_PAGE", 20)


@pytest.mark.parametrize("has_filter", [True, False])
def test_first_load_goes_on(
    has_filter: bool, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    emulator.has_filter = has_filter
    crm, account, home = emulator.crm, AMOCRM.config(served(emulator)), new_home()
    load(new_home(), account)
    whole = emulator.gate.requests
    assert whole > 100
    emulator.faults = Faults(at=dict.fromkeys(range(whole + 80, whole + 1_000), "server_error"))
    with pytest.raises(UnavailableError):
        load(home, account, attempts=1)
    spent = emulator.gate.requests
    # Meanwhile deals are edited, deleted, merged: pages are not what they were.
    crm.advance(crm.now + 3 * DAY)
    emulator.faults = Faults()

    load(home, account)

    # 80 requests were answered, of them a handful that each load begins with. Where pages are
    # counted, records are read again, for some vanished meanwhile; the history is not.
    assert emulator.gate.requests - spent < whole - (50 if has_filter else 0)
    assert_true(arrived(home, account, AMOCRM), crm, AMOCRM)
    assert not (home.home / "reads" / account.name).exists()


def test_other_account_does_not_go_on_from_this_one(
    emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    home, crm = new_home(), emulator.crm
    emulator.faults = Faults(at=dict.fromkeys(range(80, 1_000), "server_error"))
    with pytest.raises(UnavailableError):
        load(home, AMOCRM.config(served(emulator)), attempts=1)
    other = AmoCrm(crm, gate=emulator.gate)
    account = AMOCRM.config(served(other))
    before = other.gate.requests

    load(home, account)

    assert other.gate.requests - before > 100
    assert_true(arrived(home, account, AMOCRM), crm, AMOCRM)
