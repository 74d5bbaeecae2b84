"""Whom the product can recognise (docs/DECISIONS.md, D8 and D12), from the world's own books."""

from __future__ import annotations

from collections import Counter

from pipelines.sandbox.model import World
from pipelines.sandbox.truth_events import rows


def recognised_customers(world: World) -> dict[int, str]:
    """Who is behind each identity: the phone on its contact card, else the identity itself."""
    return {
        row["identity_id"]: (
            f"phone {row['phone_on_card']}"
            if row["phone_on_card"]
            else f"{row['source']} {row['address']}"
        )
        for row in rows(world["identities"])
    }


def customers_of_contacts(world: World) -> dict[int, str]:
    """Which customer of the chats each contact of the CRM is; contacts of nobody are missing.

    The messenger account that the CRM names, if it wrote; else the phone, if no other contact has
    it and a card with it belongs to somebody who wrote.
    """
    customers = recognised_customers(world)
    by_account: dict[int, str] = {}
    with_phone: set[str] = set()
    for row in rows(world["identities"]):
        if row["is_named_in_crm"]:
            by_account[row["customer_id"]] = customers[row["identity_id"]]
        if row["phone_on_card"]:
            with_phone.add(str(row["phone_on_card"]))
    contacts = [row for row in rows(world["customers"]) if row["contact_id"] is not None]
    phones = Counter(row["phone"] for row in contacts)
    found: dict[int, str] = {}
    for row in contacts:
        if row["customer_id"] in by_account:
            found[row["contact_id"]] = by_account[row["customer_id"]]
        elif phones[row["phone"]] == 1 and row["phone"] in with_phone:
            found[row["contact_id"]] = f"phone {row['phone']}"
    return found
