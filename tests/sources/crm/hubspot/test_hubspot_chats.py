"""Chats of the inbox lead to deals by tickets, else by the person; computed here anew."""

from __future__ import annotations

import pytest

from pipelines.sandbox.apis.hubspot import HubSpot
from pipelines.sandbox.apis.hubspot_chats import THREADS, TICKETS, VISITORS
from pipelines.sandbox.crm import Crm, Deal
from tests.sources.crm.arriving import DAY, NewHome, Served, arrived, load
from tests.sources.crm.vendors import HUBSPOT

_WINDOW = 7 * DAY


def expected(emulator: HubSpot) -> dict[str, set[str]]:
    """Deals by chat, from the company's own records."""
    crm = emulator.crm
    by_contact: dict[int, list[Deal]] = {}
    by_ticket: dict[int, set[str]] = {}
    for deal in crm.deals.values():
        by_contact.setdefault(deal.contact_id, []).append(deal)
        by_ticket.setdefault(TICKETS + (deal.conversation_id or 0), set()).add(str(deal.deal_id))
    found: dict[str, set[str]] = {}
    for number, thread in emulator.records.chats.threads().items():
        if thread["is_spam"]:
            continue
        deals = by_ticket.get(thread["ticket"] or -1) or chosen(
            by_contact.get(thread["contact"], []) if thread["contact"] in crm.contacts else [],
            thread["begun"],
        )
        if deals:
            found[str(THREADS + number)] = deals
    return found


def chosen(deals: list[Deal], begun: int) -> set[str]:
    """The youngest deal that was open then, else the first one of the week after."""
    open_then = [
        deal for deal in deals
        if deal.created_at <= begun and (deal.closed_at is None or deal.closed_at > begun)
    ]  # fmt: skip
    after = [deal for deal in deals if begun < deal.created_at <= begun + _WINDOW]
    if open_then:
        return {str(max(open_then, key=lambda deal: deal.created_at).deal_id)}
    return {str(min(after, key=lambda deal: deal.created_at).deal_id)} if after else set()


@pytest.mark.parametrize("days", [pytest.param(1, marks=pytest.mark.soak), 20])
def test_chats_are_linked_with_their_deals(
    days: int, crm: Crm, emulator: HubSpot, served: Served, new_home: NewHome
) -> None:
    account, home = HUBSPOT.config(served(emulator)), new_home()
    crm.advance(crm.now + 10 * DAY)
    load(home, account)
    assert {row["thread_id"] for row in arrived(home, account, HUBSPOT)["int_chat_deal_links"]} == (
        expected(emulator).keys()
    )
    assert [
        thread for thread in emulator.records.chats.threads().values()
        if thread["contact"] >= VISITORS and thread["begun"] > crm.now - 2 * DAY
    ]  # fmt: skip
    for _ in range(0, 20, days):
        crm.advance(crm.now + days * DAY)
        load(home, account)

    rows = arrived(home, account, HUBSPOT)["int_chat_deal_links"]

    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["thread_id"], set()).add(row["deal_id"])
    assert found == expected(emulator)
    assert sum(map(len, found.values())) == len(rows)
    # The deals that grew out of a chat are found by it, but for those where an older one was open.
    grown = {
        (str(THREADS + deal.conversation_id), str(deal.deal_id))
        for deal in crm.deals.values()
        if deal.conversation_id is not None
    }
    assert len({(row["thread_id"], row["deal_id"]) for row in rows} & grown) > 0.8 * len(grown)
