"""What is typical of a company and must be in its data: nights, weekends, people, money."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pipelines.sandbox.model import World

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def firsts(large_world: World) -> list[dict[str, Any]]:
    """Needs begun by customers in private chats."""
    return [row for row in large_world["conversations"].to_pylist() if not row["is_outbound"]]


@pytest.fixture(scope="module")
def answers(large_world: World) -> list[dict[str, Any]]:
    return [
        row
        for row in large_world["messages"].select(
            ["sent_at", "agent", "author_type", "event_type", "thread_id"]
        ).to_pylist()
        if row["author_type"] == "agent" and row["event_type"] == "message"
    ]  # fmt: skip


def test_nights_are_quiet_weekends_quieter_and_seasons_differ(
    firsts: list[dict[str, Any]], large_world: World
) -> None:
    local = [row["begun_at"].astimezone(MOSCOW) for row in firsts]
    night = sum(at.hour < 7 for at in local) / len(local)
    assert 0.005 < night < 0.06
    by_weekday = Counter(at.weekday() for at in local)
    assert (by_weekday[5] + by_weekday[6]) / 2 < 0.75 * sum(by_weekday[n] for n in range(5)) / 5
    days = (large_world.until - large_world.first_day).days
    middle = large_world.first_day + timedelta(days=days // 2)
    late = sum(at.date() > middle for at in local)
    assert late > 1.2 * (len(local) - late), "growth"


def test_agents_work_in_their_shifts_on_the_clock_of_their_own_wall(
    answers: list[dict[str, Any]], large_world: World
) -> None:
    """The Berlin clock changes, the Moscow one does not: both offices still open at nine."""
    for team, zone, opens in (("berlin", BERLIN, 8), ("sales", MOSCOW, 9)):
        numbers = {n for n, agent in enumerate(large_world.agents) if agent.team == team}
        rows = [row["sent_at"].astimezone(zone) for row in answers if row["agent"] in numbers]
        inside = sum(opens <= at.hour < 20 for at in rows)
        assert inside / len(rows) > 0.9
        for months in ((1, 2), (6, 7)):
            season = [at for at in rows if at.month in months]
            first_hour = sum(at.hour == opens for at in season)
            assert first_hour / len(season) > 0.04, (team, months)
            assert sum(at.hour == opens - 1 for at in season) < first_hour / 4, (team, months)


def test_holidays_are_kept(answers: list[dict[str, Any]], large_world: World) -> None:
    closed = {
        (row.team, row.day) for row in large_world.holidays
        if row.opens is None and large_world.first_day <= row.day <= large_world.until
    }  # fmt: skip
    worked = Counter(
        (large_world.agents[row["agent"]].team, row["sent_at"].astimezone(MOSCOW).date())
        for row in answers
    )
    usual = np.mean([count for key, count in worked.items() if key[0] == "sales"])
    on_holidays = [worked[key] for key in closed if key[0] == "sales"]
    assert len(on_holidays) > 10
    assert np.mean(on_holidays) < 0.2 * usual


def test_people_come_leave_are_renamed_and_fall_ill(
    answers: list[dict[str, Any]], large_world: World
) -> None:
    by_agent: defaultdict[int, list[datetime]] = defaultdict(list)
    for row in answers:
        by_agent[row["agent"]].append(row["sent_at"])
    came = left = renamed = 0
    for number, agent in enumerate(large_world.agents):
        first, last = min(by_agent[number]), max(by_agent[number])
        if agent.joined:
            came += 1
            assert first >= datetime.combine(agent.joined, time(0), MOSCOW) - timedelta(hours=1)
        if agent.left:
            left += 1
            assert last <= datetime.combine(agent.left, time(12), MOSCOW)
        if agent.renamed_on:
            renamed += 1
            change = datetime.combine(agent.renamed_on, time(0), UTC)
            assert agent.former_name != agent.name
            assert first < change < last
    assert (came, left, renamed) == (3, 2, 1)
    days = {at.astimezone(MOSCOW).date() for at in by_agent[0]}
    workdays = {
        large_world.first_day + timedelta(days=n)
        for n in range((large_world.until - large_world.first_day).days)
        if (large_world.first_day + timedelta(days=n)).weekday() < 5
    }
    assert 5 < len(workdays - days) < 60


def test_customers_have_messengers_share_phones_and_change_them(large_world: World) -> None:
    by_customer: defaultdict[int, set[str]] = defaultdict(set)
    for row in large_world["identities"].to_pylist():
        by_customer[row["customer_id"]].add(f"{row['source'][:8]} {row['address']}")
    kinds = Counter(
        tuple(sorted({address.split()[0] for address in found})) for found in by_customer.values()
    )
    assert {("telegram",), ("whatsapp",), ("telegram", "whatsapp")} == set(kinds)
    assert min(kinds.values()) > 0.03 * kinds.total()
    changed = sum(
        sum(address.startswith("whatsapp") for address in found) == 2
        for found in by_customer.values()
    )
    assert 3 < changed < 0.05 * len(by_customer)
    phones = Counter(large_world["customers"]["phone"].to_pylist())
    assert 0.01 < sum(count == 2 for count in phones.values()) / len(phones) < 0.05


def test_a_customer_is_called_like_an_agent(large_world: World) -> None:
    """Who is staff must not be told by a name where ids are known."""
    staff = {agent.name for agent in large_world.agents}
    assert staff & set(large_world["customers"]["name"].to_pylist())


def test_some_are_neglected_and_thank_late(large_world: World) -> None:
    conversations = large_world["conversations"]
    assert 0.04 < np.mean(conversations["ends_waiting"].to_numpy(zero_copy_only=False)) < 0.12
    kinds = Counter(large_world["threads"]["kind"].cast("string").to_pylist())
    assert kinds["group"] == 2
    assert kinds["whatsapp_group"] == 1


def test_money_adds_up(large_world: World) -> None:
    deals = {row["deal_id"]: row for row in large_world["deals"].to_pylist()}
    paid: defaultdict[int, Decimal] = defaultdict(Decimal)
    refunded: defaultdict[int, Decimal] = defaultdict(Decimal)
    for row in large_world["payments"].to_pylist():
        assert row["currency_code"] == deals[row["deal_id"]]["currency_code"]
        assert row["amount"] > 0
        side = paid if row["payment_type"] == "payment" else refunded
        side[row["deal_id"]] += row["amount"]
        if row["payment_type"] == "payment":
            assert row["paid_at"] >= deals[row["deal_id"]]["closed_at"]
    assert len(refunded) > 10
    for deal, amount in refunded.items():
        assert amount <= paid[deal]
    won = {deal for deal, row in deals.items() if row["status"] == "won"}
    assert set(paid) == won
    in_full = sum(paid[deal] == deals[deal]["amount"] for deal in won)
    assert all(paid[deal] <= deals[deal]["amount"] for deal in won)
    assert in_full > 0.97 * len(won)
    again = Counter(deals[deal]["contact_id"] for deal in won)
    assert sum(count > 1 for count in again.values()) > 20, "repeat purchases"


def test_deals_follow_their_events_and_their_conversations(large_world: World) -> None:
    stages: dict[int, str] = {}
    created: dict[int, datetime] = {}
    for row in large_world["deal_events"].to_pylist():  # in order of time
        assert row["from_stage"] == stages.get(row["deal_id"])
        stages[row["deal_id"]] = row["to_stage"]
        if row["event_type"] == "created":
            created[row["deal_id"]] = row["occurred_at"]
    talks = {row["conversation_id"]: row for row in large_world["conversations"].to_pylist()}
    for deal in large_world["deals"].to_pylist():
        assert stages[deal["deal_id"]] == deal["stage"]
        assert created[deal["deal_id"]] == deal["created_at"]
        assert (deal["status"] == "lost") == (deal["lost_reason"] is not None)
        assert (deal["status"] == "open") == (deal["closed_at"] is None)
        if deal["conversation_id"]:
            talk = talks[deal["conversation_id"]]
            assert talk["can_buy"]
            assert timedelta(0) < deal["created_at"] - talk["begun_at"] < timedelta(days=7)
