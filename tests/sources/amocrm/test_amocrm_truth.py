"""What arrives equals what happened: at once, day by day, and read anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipelines.sandbox.apis.amocrm import AmoCrm
from pipelines.sandbox.crm import Crm
from pipelines.settings import Settings
from tests.sources.amocrm.arriving import arrived, assert_true, load
from tests.sources.amocrm.conftest import DAY, config

Served = Callable[[AmoCrm], str]
NewHome = Callable[[], Settings]


@pytest.mark.parametrize("has_filter", [True, False])
@pytest.mark.parametrize("days", [pytest.param(1, marks=pytest.mark.soak), 6])
def test_thirty_days_equal_one_load_and_a_reading_anew(
    days: int, has_filter: bool, crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    """A load every so many days."""
    emulator.has_filter = has_filter
    account = config(served(emulator))
    daily, at_once = new_home(), new_home()
    begin = crm.now
    load(daily, account)
    assert_true(arrived(daily, account), crm)

    for day in range(days, 31, days):
        crm.advance(begin + day * DAY)
        report = load(daily, account)
        if day in (15, 12):
            # No more is read than what changed, not the whole account.
            assert 0 < report.rows["leads"] < len(crm.deals) / 5
    load(at_once, account)

    kinds = {change.kind for change in crm.happened if change.at > begin}
    assert kinds >= {
        "deal_deleted", "deal_restored", "deal_merged", "contact_merged", "contact_deleted",
        "stage_changed",
    }  # fmt: skip
    once = arrived(at_once, account)
    assert_true(once, crm)
    assert arrived(daily, account) == once
    load(daily, account, everything=True)
    assert arrived(daily, account) == once


def test_records_that_move_while_pages_are_read_are_not_lost(
    crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    account, home = config(served(emulator)), new_home()
    # Two days go by during the load, a piece with every page.
    emulator.between_pages = lambda page: void(crm.advance(crm.now + 3 * 3_600))
    load(home, account)
    emulator.between_pages = None

    load(home, account)

    assert_true(arrived(home, account), crm)


def test_clock_of_the_vendor_decides(
    crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    """Its answers may be dated minutes wrong: the next load looks back over them."""
    account, home = config(served(emulator)), new_home()
    emulator.clock_skew_seconds = 300
    load(home, account)

    crm.advance(crm.now + 2 * DAY)
    load(home, account)

    assert_true(arrived(home, account), crm)


def void(_: object) -> None:
    return None
