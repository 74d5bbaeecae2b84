"""Deals and money of the world, and which conversation each deal came from (D7-D9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from pipelines.sandbox.model import World
from pipelines.sandbox.truth_events import rows
from pipelines.sandbox.truth_people import customers_of_contacts
from pipelines.sandbox.truth_rules import DAY, Conversation

LEAD_WINDOW: Final = 7 * DAY
PURCHASE_WINDOW: Final = 30 * DAY

Rows = list[dict[str, Any]]


@dataclass(slots=True)
class Ledger:
    """The CRM's rows, and the payments of each deal."""

    deals: Rows
    payments: Rows
    spend: Rows
    first_paid: dict[int, int]
    paid: dict[int, Decimal]
    net: dict[int, Decimal]
    customer: dict[int, str]  # of each deal that has one in the chats


def read_ledger(world: World) -> Ledger:
    """Read deals and payments of a world."""
    deals: Rows = rows(world["deals"])
    payments: Rows = rows(world["payments"])
    first_paid: dict[int, int] = {}
    paid: defaultdict[int, Decimal] = defaultdict(Decimal)
    net: defaultdict[int, Decimal] = defaultdict(Decimal)
    for row in payments:
        deal = row["deal_id"]
        if row["payment_type"] == "payment":
            first_paid[deal] = min(row["paid_at"], first_paid.get(deal, row["paid_at"]))
            paid[deal] += row["amount"]
            net[deal] += row["amount"]
        else:
            net[deal] -= row["amount"]
    contacts = customers_of_contacts(world)
    customer = {
        row["deal_id"]: contacts[row["contact_id"]]
        for row in deals
        if row["contact_id"] in contacts
    }
    return Ledger(deals, payments, rows(world["spend"]), first_paid, paid, net, customer)


@dataclass(slots=True)
class Outcomes:
    """Per need: whether a deal, a payment followed in time; and the money of its last touches."""

    has_lead: set[int]
    has_purchase: set[int]
    attributed: dict[int, Decimal]
    touched: dict[int, dict[int, Decimal]]  # net money of the deals in the week after it


def outcomes_of(ledger: Ledger, conversations: Iterable[Conversation]) -> Outcomes:
    """Find for each deal the conversations of its customer in the week before it."""
    by_customer: defaultdict[str, list[Conversation]] = defaultdict(list)
    for conversation in conversations:
        if conversation.customer is not None:
            by_customer[conversation.customer].append(conversation)
    found = Outcomes(set(), set(), {}, {})
    for deal in ledger.deals:
        number, created = deal["deal_id"], deal["created_at"]
        touched = [
            conversation
            for conversation in by_customer.get(ledger.customer.get(number, ""), [])
            if conversation.started <= created <= conversation.started + LEAD_WINDOW
        ]
        paid = ledger.first_paid.get(number)
        for conversation in touched:
            found.has_lead.add(conversation.need)
            deals = found.touched.setdefault(conversation.need, {})
            deals[number] = ledger.net.get(number, Decimal(0))
            if paid is not None and 0 <= paid - conversation.started <= PURCHASE_WINDOW:
                found.has_purchase.add(conversation.need)
        before_payment = [c for c in touched if paid is None or c.started <= paid]
        if before_payment:
            last = max(before_payment, key=lambda conversation: conversation.started)
            money = found.attributed.get(last.need, Decimal(0))
            found.attributed[last.need] = money + ledger.net.get(number, Decimal(0))
    return found


def money_figures(ledger: Ledger) -> dict[str, float | None]:
    """Every metric about deals, payments and costs."""
    deals = ledger.deals
    by_status = {
        status: [row for row in deals if row["status"] == status]
        for status in ("open", "won", "lost")
    }
    won, lost = by_status["won"], by_status["lost"]
    waits = sorted(
        row["first_contact_seconds"] for row in deals if row["first_contact_seconds"] is not None
    )
    received = [row["amount"] for row in ledger.payments if row["payment_type"] == "payment"]
    refunded = [row["amount"] for row in ledger.payments if row["payment_type"] == "refund"]
    return {
        "deals_created": len(deals),
        "deals_won": len(won),
        "deals_lost": len(lost),
        "deals_open": len(by_status["open"]),
        "deals_closed": len(won) + len(lost),
        "deal_win_rate": share(len(won), len(won) + len(lost)),
        "deal_win_share": share(len(won), len(deals)),
        "deal_link_coverage": share(len(ledger.customer), len(deals)),
        "deal_first_contact": mean(waits),
        "deal_first_contact_p50": percentile(waits, 0.5),
        "won_amount": total(row["amount"] for row in won),
        "paid_amount": total(ledger.paid.get(row["deal_id"], Decimal(0)) for row in deals),
        "won_paid_amount": total(ledger.paid.get(row["deal_id"], Decimal(0)) for row in won),
        "revenue": total(received),
        "refunds": total(refunded),
        "net_revenue": (total(received) or 0.0) - (total(refunded) or 0.0) if deals else None,
        "refund_rate": share(total(refunded) or 0.0, total(received) or 0.0),
        "spend": total(row["amount"] for row in ledger.spend),
    }


def share(part: float, whole: float) -> float | None:
    """A share; null of nothing."""
    return part / whole if whole else None


def mean(values: list[int]) -> float | None:
    """The mean; null of nothing."""
    return sum(values) / len(values) if values else None


def percentile(values: list[int], fraction: float) -> float | None:
    """The percentile of sorted values with linear interpolation between neighbours."""
    if not values:
        return None
    place = (len(values) - 1) * fraction
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def total(amounts: Iterable[Decimal]) -> float | None:
    """The sum of money; null of nothing."""
    found = list(amounts)
    return float(sum(found, Decimal(0))) if found else None
