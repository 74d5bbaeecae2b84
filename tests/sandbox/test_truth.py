"""The figures agree with each other and with the files that were written."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

from pipelines.sandbox import truth
from pipelines.sandbox.model import World


def _sum(path: Path, column: str, **equal: str) -> float:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if all(row[key] == value for key, value in equal.items())
        ]
    return float(sum((Decimal(row[column]) for row in rows), Decimal(0)))


def test_parts_add_up_to_the_whole(world: World) -> None:
    figures = truth.compute(world)
    by_author = {key: value for key, value in figures.items() if key.startswith("messages_tele")}
    by_author |= {key: value for key, value in figures.items() if key.startswith("messages_what")}
    system = sum(value for key, value in by_author.items() if key.endswith("_system"))
    assert sum(by_author.values()) - system == figures["messages"]
    assert system == figures["service_rows"]
    customers = [value for key, value in by_author.items() if key.endswith("_customer")]
    assert sum(customers) == figures["messages_in"]
    assert figures["threads_telegram"] + figures["threads_whatsapp"] == figures["threads"]
    for parts in (("telegram", "whatsapp"), ("sales", "service"), ("started", "initiated_by_us")):
        whole = sum(figures[f"conversations_{part}"] for part in parts)
        assert whole == figures["conversations"], parts
    assert (
        figures["direct_conversations_answered"] + figures["direct_conversations_unanswered"]
        == figures["direct_conversations"]
    )
    assert figures["deals"] == sum(figures[f"deals_{s}"] for s in ("open", "won", "lost"))
    assert figures["ratings"] == figures["csat_answers"] + figures["nps_answers"]


def test_figures_are_not_trivial(world: World) -> None:
    figures = truth.compute(world)
    empty = [key for key, value in figures.items() if not value]
    assert set(empty) <= {"refunds", "refunded_amount"}
    assert 0 < figures["direct_conversations_unanswered"] < figures["direct_conversations"] / 5
    assert figures["customers_who_wrote"] < figures["customer_identities_who_wrote"]
    assert (
        figures["direct_first_response_seconds_median"]
        < figures["direct_first_response_seconds_mean"]
    )


def test_money_equals_the_files(world: World, company: Path) -> None:
    figures = truth.compute(world)
    payments = company / "crm" / "payments.csv"
    assert _sum(payments, "amount", type="payment") == figures["paid_amount"]
    assert _sum(payments, "amount", type="refund") == figures["refunded_amount"]
    assert _sum(company / "crm" / "spend.csv", "amount") == figures["spend_amount"]
    assert (
        _sum(company / "crm" / "deals.csv", "amount", status="won") == figures["deals_won_amount"]
    )
    paid = _sum(company / "crm" / "deals.csv", "paid_amount")
    assert paid == figures["paid_amount"] - figures["refunded_amount"]


def test_deals_follow_their_events(world: World) -> None:
    stages = {row.deal_id: row.to_stage for row in world.deal_events}  # in order of time
    created = {row.deal_id: row for row in world.deal_events if row.event_type == "created"}
    assert stages == {row.deal_id: row.stage for row in world.deals}
    for deal in world.deals:
        assert created[deal.deal_id].occurred_at == deal.created_at
        assert (deal.status == "lost") == (deal.lost_reason is not None)
        assert (deal.status == "open") == (deal.closed_at is None)
    won = {row.deal_id for row in world.deals if row.status == "won"}
    assert {row.deal_id for row in world.payments} <= won
    talks = {row.conversation_id: row for row in world.conversations}
    for deal in world.deals:
        if deal.conversation_id:
            answered = talks[deal.conversation_id].first_answered_at
            assert answered is not None
            assert answered <= deal.created_at
