"""Deals and money of the world, and which conversation each deal came from (D6-D9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from pipelines.sandbox.company import CURRENCY, ZONE_NAME, make_exchange_rates
from pipelines.sandbox.model import World
from pipelines.sandbox.truth_events import rows
from pipelines.sandbox.truth_people import recognised_people
from pipelines.sandbox.truth_rules import DAY, Conversation

LEAD_WINDOW: Final = 7 * DAY
PURCHASE_WINDOW: Final = 30 * DAY

Rows = list[dict[str, Any]]


class Exchange:
    """Money in roubles: by the latest rate of its currency that a day has, to the kopeck."""

    def __init__(self, world: World) -> None:
        self._rates = make_exchange_rates(world.first_day, world.until)
        self._zone = ZoneInfo(ZONE_NAME)

    def roubles(self, row: dict[str, Any], at: int | date) -> Decimal | None:
        """The amount of a row at an instant or on a day; none where no rate began yet."""
        amount: Decimal = row["amount"]
        currency = row["currency_code"]
        if currency in (None, CURRENCY):
            return amount
        day = at if isinstance(at, date) else self._day(at)
        begun = [(since, rate) for since, code, rate in self._rates
                 if code == currency and since <= day]  # fmt: skip
        if not begun:
            return None
        return (amount * max(begun)[1]).quantize(Decimal("0.01"), ROUND_HALF_UP)

    def _day(self, at: int) -> date:
        return datetime.fromtimestamp(at, UTC).astimezone(self._zone).date()


@dataclass(slots=True)
class Ledger:
    """The CRM's rows with their roubles, and the payments of each deal in roubles."""

    deals: Rows
    payments: Rows
    spend: Rows
    first_paid: dict[int, int]
    paid: dict[int, Decimal]
    net: dict[int, Decimal]
    own_net: dict[int, Decimal]  # in the deal's own currency, in which it was paid
    customer: dict[int, str]  # of each deal that has one in the chats


def read_ledger(world: World) -> Ledger:
    """Read deals and payments of a world."""
    exchange = Exchange(world)
    deals: Rows = rows(world["deals"])
    for row in deals:
        at = row["closed_at"] or row["created_at"]
        row["roubles"] = exchange.roubles(row, at)
    payments: Rows = rows(world["payments"])
    first_paid: dict[int, int] = {}
    paid: defaultdict[int, Decimal] = defaultdict(Decimal)
    net: defaultdict[int, Decimal] = defaultdict(Decimal)
    own_net: defaultdict[int, Decimal] = defaultdict(Decimal)
    for row in payments:
        deal = row["deal_id"]
        roubles = exchange.roubles(row, row["paid_at"])
        assert roubles is not None, "the world has rates from its first day on"
        row["roubles"] = roubles
        if row["payment_type"] == "payment":
            first_paid[deal] = min(row["paid_at"], first_paid.get(deal, row["paid_at"]))
            paid[deal] += roubles
            net[deal] += roubles
            own_net[deal] += row["amount"]
        else:
            net[deal] -= roubles
            own_net[deal] -= row["amount"]
    contacts = recognised_people(world).of_contact
    customer = {
        row["deal_id"]: contacts[row["contact_id"]]
        for row in deals
        if row["contact_id"] in contacts
    }
    spend = rows(world["spend"])
    for row in spend:
        row["roubles"] = exchange.roubles(row, row["spent_on"])
    return Ledger(deals, payments, spend, first_paid, paid, net, own_net, customer)


@dataclass(slots=True)
class Outcomes:
    """Per need: whether a deal, a payment followed in time; and the money of its last touches."""

    has_lead: set[int]
    has_purchase: set[int]
    lead_after: dict[int, int]  # seconds from the start to the first deal
    paid_after: dict[int, int]  # to the first payment in time
    again_after: dict[int, int]  # to the buyer's next purchase after it
    attributed: dict[int, Decimal]
    touched: dict[int, dict[int, Decimal]]  # net money of the deals in the week after it


def candidates_of(
    ledger: Ledger, conversations: Iterable[Conversation]
) -> Iterator[tuple[dict[str, Any], list[Conversation]]]:
    """Yield each deal with the conversations of its customer in the week before it."""
    by_customer: defaultdict[str, list[Conversation]] = defaultdict(list)
    for conversation in conversations:
        if conversation.customer is not None:
            by_customer[conversation.customer].append(conversation)
    for deal in ledger.deals:
        created = deal["created_at"]
        yield (
            deal,
            [
                conversation
                for conversation in by_customer.get(ledger.customer.get(deal["deal_id"], ""), [])
                if conversation.started <= created <= conversation.started + LEAD_WINDOW
            ],
        )


def outcomes_of(ledger: Ledger, conversations: Iterable[Conversation]) -> Outcomes:
    """Find what became of the conversations that deals may have come from."""
    found = Outcomes(set(), set(), {}, {}, {}, {}, {})
    next_paid = _next_purchases(ledger)
    for deal, touched in candidates_of(ledger, conversations):
        number = deal["deal_id"]
        paid = ledger.first_paid.get(number)
        for conversation in touched:
            need, begun = conversation.need, conversation.started
            found.has_lead.add(need)
            _keep_least(found.lead_after, need, deal["created_at"] - begun)
            deals = found.touched.setdefault(conversation.need, {})
            deals[number] = ledger.net.get(number, Decimal(0))
            if paid is not None and 0 <= paid - conversation.started <= PURCHASE_WINDOW:
                found.has_purchase.add(need)
                _keep_least(found.paid_after, need, paid - begun)
                if number in next_paid:
                    _keep_least(found.again_after, need, next_paid[number] - begun)
        before_payment = [c for c in touched if paid is None or c.started <= paid]
        if before_payment:
            last = max(before_payment, key=lambda conversation: conversation.started)
            money = found.attributed.get(last.need, Decimal(0))
            found.attributed[last.need] = money + ledger.net.get(number, Decimal(0))
    return found


def _keep_least(found: dict[int, int], need: int, seconds: int) -> None:
    found[need] = min(seconds, found.get(need, seconds))


def _next_purchases(ledger: Ledger) -> dict[int, int]:
    """When the buyer of each paid deal first paid for the next one, of those who did.

    The same buyer is the same customer of the chats, else the same contact.
    """
    by_buyer: defaultdict[object, list[tuple[int, int]]] = defaultdict(list)
    for deal in ledger.deals:
        number = deal["deal_id"]
        if number in ledger.first_paid:
            buyer = ledger.customer.get(number, deal["contact_id"])
            by_buyer[buyer].append((ledger.first_paid[number], number))
    found = {}
    for purchases in by_buyer.values():
        purchases.sort()
        for (_, number), (later, _) in pairwise(purchases):
            found[number] = later
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
    received = [row["roubles"] for row in ledger.payments if row["payment_type"] == "payment"]
    refunded = [row["roubles"] for row in ledger.payments if row["payment_type"] == "refund"]
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
        "won_amount": total(row["roubles"] for row in won),
        "paid_amount": total(ledger.paid.get(row["deal_id"], Decimal(0)) for row in deals),
        "won_paid_amount": total(ledger.paid.get(row["deal_id"], Decimal(0)) for row in won),
        "revenue": total(received),
        "refunds": total(refunded),
        "net_revenue": (total(received) or 0.0) - (total(refunded) or 0.0) if deals else None,
        "payments_counted": len(ledger.payments),
        "rated_money_share": 1.0 if ledger.payments else None,
        "refund_rate": share(total(refunded) or 0.0, total(received) or 0.0),
        "spend": total(row["roubles"] for row in ledger.spend),
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
