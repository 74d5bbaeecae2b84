"""What arrives equals what happened: at once, day by day, and read anew."""

from __future__ import annotations

import pytest

from pipelines.sandbox.apis.serving import Emulator
from tests.sources.crm.arriving import (
    DAY,
    NewHome,
    Served,
    arrived,
    assert_loads_agree,
    assert_true,
    damage_deals,
    load,
)
from tests.sources.crm.vendors import Vendor


@pytest.mark.parametrize("days", [pytest.param(1, marks=pytest.mark.soak), 15])
def test_thirty_days_equal_one_load_and_a_reading_anew(
    days: int, vendor: Vendor, emulator: Emulator, served: Served, new_home: NewHome
) -> None:
    assert_loads_agree(days, vendor, emulator, served(emulator), new_home)


def test_records_that_move_while_pages_are_read_are_not_lost(
    vendor: Vendor, emulator: Emulator, served: Served, new_home: NewHome
) -> None:
    crm, account, home = emulator.crm, vendor.config(served(emulator)), new_home()
    # Two days go by during the load, a piece with every page.
    emulator.between_pages = lambda page: void(crm.advance(crm.now + 3 * 3_600))
    load(home, account)
    emulator.between_pages = None

    load(home, account)

    assert_true(arrived(home, account, vendor), crm, vendor)


def test_clock_of_the_vendor_decides(
    vendor: Vendor, emulator: Emulator, served: Served, new_home: NewHome
) -> None:
    """Its answers may be dated minutes wrong: the next load looks back over them."""
    crm, account, home = emulator.crm, vendor.config(served(emulator)), new_home()
    emulator.clock_skew_seconds = 300
    load(home, account)

    crm.advance(crm.now + 2 * DAY)
    load(home, account)

    assert_true(arrived(home, account, vendor), crm, vendor)


def test_what_changed_since_a_day_is_read_again(
    vendor: Vendor, emulator: Emulator, served: Served, new_home: NewHome
) -> None:
    crm, account, home = emulator.crm, vendor.config(served(emulator)), new_home()
    load(home, account)
    first_day, wrong = damage_deals(home, vendor, crm)

    load(home, account)
    dates = {
        row["deal_id"]: row["created_at"].year
        for row in arrived(home, account, vendor)["int_deals"]
    }
    assert sum(dates[number] == 1970 for number in wrong) > len(wrong) / 2
    report = load(home, account, again_from=first_day)

    assert_true(arrived(home, account, vendor), crm, vendor)
    assert 1 < len(wrong) <= report.rows[vendor.deals] < len(crm.deals) / 3


def void(_: object) -> None:
    return None
