"""Editions that lack a part of the API: deals arrive without it, none is taken for deleted."""

from __future__ import annotations

from typing import Final

import pytest

from pipelines.sandbox.apis.serving import Emulator
from pipelines.sources._common.api import ApiError
from tests.sources.crm.arriving import NewHome, Served, arrived, load
from tests.sources.crm.vendors import Vendor

# Per vendor what is missing, with a word of what the load then says.
OPTIONAL: Final = {
    "amocrm": {
        "companies": "no companies", "leads/loss_reasons": "no loss reasons", "tasks": "no tasks",
        "leads/notes": "no calls", "leads/unsorted": "no unsorted", "users": "users",
    },
    "bitrix24": {
        "crm.settings.mode.get": "whether it has leads", "crm.currency.list": "currencies",
        "crm.activity.list": "activities", "user.get": "users",
    },
    "hubspot": {
        "companies": "no list of companies", "tickets": "no list of tickets",
        "threads": "no list of threads", "owners": "no list of owners",
        "properties/tickets": "no list of properties",
    },
}  # fmt: skip
SILENT: Final = {"amocrm": {"talks"}, "bitrix24": {"profile"}, "hubspot": set()}
NEEDED: Final = {"amocrm": "leads", "bitrix24": "crm.item.list", "hubspot": "deals"}
TOLD: Final = (
    "deal_id", "pipeline", "stage", "status", "lost_reason", "amount", "created_at", "closed_at",
)  # fmt: skip


def test_deals_arrive_without_what_the_account_does_not_have(
    vendor: Vendor, emulator: Emulator, served: Served, new_home: NewHome
) -> None:
    crm, account = emulator.crm, vendor.config(served(emulator))
    whole, part = new_home(), new_home()
    load(whole, account)
    emulator.missing = {*OPTIONAL[vendor.kind], *SILENT[vendor.kind]}
    report = load(part, account)

    assert len(report.notes) == len(OPTIONAL[vendor.kind]), report.notes
    for word in OPTIONAL[vendor.kind].values():
        assert [word in note for note in report.notes].count(True) == 1, (word, report.notes)
    found, true = arrived(part, account, vendor), arrived(whole, account, vendor)
    assert len(found["int_deals"]) == len(crm.deals)
    for row, other in zip(found["int_deals"], true["int_deals"], strict=True):
        assert {name: row[name] for name in TOLD} == {name: other[name] for name in TOLD}
    assert found["int_contact_points"] == true["int_contact_points"]
    assert len(found["int_deal_events"]) == len(true["int_deal_events"])


def test_list_that_is_gone_is_no_empty_list(
    vendor: Vendor, emulator: Emulator, served: Served, new_home: NewHome
) -> None:
    account, home = vendor.config(served(emulator)), new_home()
    load(home, account)
    before = arrived(home, account, vendor)

    emulator.missing = {NEEDED[vendor.kind]}
    for everything in (False, True):
        with pytest.raises(ApiError):
            load(home, account, everything=everything)
    assert arrived(home, account, vendor) == before

    emulator.missing = set()
    load(home, account, everything=True)
    assert arrived(home, account, vendor) == before
