"""Who is one person: the models on random cards against plain code that walks from card to card."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import duckdb
import pytest

from tests.engine import EngineRules, compiled_models, run_models

LIMIT = 20
RULES = EngineRules(as_of=datetime(2026, 1, 1, tzinfo=UTC))


@dataclass
class Cards:
    """Contact points by party; accounts of Telegram are told by their ids."""

    points: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    rules: list[tuple[str, str, str | None]] = field(default_factory=list)

    def of_account(self, account: str, point: tuple[str, str]) -> None:
        self.points[account] |= {point, ("messenger", account)}

    def of_contact(self, contact: str, point: tuple[str, str]) -> None:
        self.points[contact].add(point)
        if point[0] == "messenger":
            self.points[point[1]].add(point)


def random_cards(chance: random.Random) -> Cards:
    cards, phones = Cards(), chance.randrange(3, 30)
    for _ in range(chance.randrange(5, 60)):
        phone = ("phone", f"phone_{chance.randrange(phones)}")
        kind = chance.choice(["telegram_user", "whatsapp_author"])
        account = f"{kind}_{chance.randrange(30)}"
        contact = f"{chance.choice(['amo', 'bitrix'])}/{chance.randrange(25)}"
        match chance.randrange(4):
            case 0:
                cards.of_account(account, phone)
            case 1:
                cards.of_contact(contact, phone)
            case 2:
                cards.of_contact(contact, ("messenger", account))
            case _:
                cards.of_contact(contact, ("email", f"email_{chance.randrange(30)}"))
    parties = sorted(cards.points)
    for _ in range(chance.randrange(3)):
        first, second = chance.choice(parties), chance.choice(parties)
        cards.rules.append(
            chance.choice(
                [
                    ("apart", first, None), ("together", first, second),
                    ("shared", f"phone_{chance.randrange(phones)}", None),
                ]
            )
        )  # fmt: skip
    return cards


def persons(cards: Cards) -> set[frozenset[str]]:
    """Groups of two and more parties, found by walking."""
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    for party, points in cards.points.items():
        for point in points:
            owners[point].add(party)
    for number, (rule, first, second) in enumerate(cards.rules):
        if rule == "together":
            owners["rule", str(number)] = {first, str(second)} & cards.points.keys()
    apart = {first for rule, first, _ in cards.rules if rule == "apart"}
    shared = {first for rule, first, _ in cards.rules if rule == "shared"}
    neighbours: dict[str, set[str]] = defaultdict(set)
    for point, parties in owners.items():
        if point[1] in shared or len(parties) > LIMIT or _of_several(point, parties, cards):
            continue
        for party in parties - apart:
            neighbours[party] |= parties - apart
    return {
        group for group in _walks(neighbours) if 1 < len(group) <= LIMIT
    }  # fmt: skip


def _of_several(point: tuple[str, str], parties: set[str], cards: Cards) -> bool:
    if point[0] not in ("phone", "email"):
        return False
    accounts = {party for party in parties if "/" not in party}
    accounts_of = {
        party: {name for kind, name in cards.points[party] if kind == "messenger"}
        for party in parties
        if "/" in party
    }
    telegrams = [
        account
        for account in accounts.union(*accounts_of.values())
        if account.startswith("telegram_user_")
    ]
    if len(telegrams) > 1:
        return True
    for crm in ("amo/", "bitrix/"):
        own = [named for contact, named in accounts_of.items() if contact.startswith(crm)]
        if len(own) > 1 and not all(own):
            return True
    return False


def _walks(neighbours: dict[str, set[str]]) -> Iterator[frozenset[str]]:
    seen: set[str] = set()
    for start in neighbours:
        if start in seen:
            continue
        group, waiting = {start}, [start]
        while waiting:
            for party in neighbours[waiting.pop()] - group:
                group.add(party)
                waiting.append(party)
        seen |= group
        yield frozenset(group)


@pytest.fixture(scope="module")
def models() -> duckdb.DuckDBPyConnection:
    return run_models([], RULES)


def resolve(models: duckdb.DuckDBPyConnection, cards: Cards) -> None:
    """Write the cards where a CRM's go and address books go, and run the models of `enrich`."""
    models.execute("delete from raw_otvet.identity_rules")
    for schema in ("amocrm", "bitrix24", "hubspot", "tabular", "telegram_export"):
        models.execute(f"delete from raw_{schema}.contacts")
    for party, points in cards.points.items():
        if "/" in party:
            crm, _, contact = party.partition("/")
            by_kind = {
                kind: [name for other, name in sorted(points) if other == kind]
                for kind in ("phone", "email", "messenger")
            }
            models.execute(
                f"insert into raw_{'amocrm' if crm == 'amo' else 'bitrix24'}.contacts by name"
                " select ? as source_name, ? as contact_id, to_json(?::text[]) as phone_ids,"
                " to_json(?::text[]) as email_ids, to_json(?::text[]) as messenger_ids",
                [crm, contact, by_kind["phone"], by_kind["email"], by_kind["messenger"]],
            )
            continue
        for number, (kind, name) in enumerate(sorted(points)):
            models.execute(
                "insert into raw_telegram_export.contacts by name select ? as row_key,"
                " 'chats' as source_name, ? as contact_id, ? as messenger_id,"
                " case when ? = 'phone' then ? end as phone_id",
                [f"{party} {number}", f"{party} {number}", party, kind, name],
            )
    for number, rule in enumerate(cards.rules):
        models.execute(
            "insert into raw_otvet.identity_rules values (?, ?, ?, ?)", [str(number), *rule]
        )
    for name, kind, sql in compiled_models(RULES):
        if name.startswith("enrich."):
            models.execute(f"create or replace {kind} {name} as {sql}")


@pytest.mark.parametrize(
    "seed", [*range(12), *(pytest.param(n, marks=pytest.mark.soak) for n in range(12, 200))]
)
def test_persons_are_those_that_cards_join(models: duckdb.DuckDBPyConnection, seed: int) -> None:
    cards = random_cards(random.Random(seed))

    resolve(models, cards)

    found = models.execute(
        "select list(party_id) from enrich.identity_members where is_joined group by person_key"
    ).fetchall()
    assert {frozenset(parties) for (parties,) in found} == persons(cards)
    joined = models.execute(
        "select distinct party_id from enrich.identity_links where decision = 'joined'"
    ).fetchall()
    assert {party for (party,) in joined} == {party for group in persons(cards) for party in group}


def test_random_cards_have_all_that_is_to_be_told_apart() -> None:
    groups = [persons(random_cards(random.Random(seed))) for seed in range(12)]
    sizes = {len(group) for found in groups for group in found}
    assert max(sizes) > 4
    assert 2 in sizes


def test_persons_that_a_rule_undoes_come_apart(models: duckdb.DuckDBPyConnection) -> None:
    cards = Cards()
    cards.of_account("telegram_user_1", ("phone", "phone_1"))
    cards.of_contact("amo/1", ("phone", "phone_1"))
    cards.of_contact("bitrix/2", ("phone", "phone_1"))
    for rules, expected in (
        ([], {frozenset({"telegram_user_1", "amo/1", "bitrix/2"})}),
        ([("apart", "amo/1", None)], {frozenset({"telegram_user_1", "bitrix/2"})}),
        ([("shared", "phone_1", None)], set()),
        ([("shared", "phone_1", None), ("together", "amo/1", "telegram_user_1")],
         {frozenset({"telegram_user_1", "amo/1"})}),
    ):  # fmt: skip
        cards.rules = list(rules)
        resolve(models, cards)
        found = models.execute(
            "select list(party_id) from enrich.identity_members where is_joined group by person_key"
        ).fetchall()
        assert {frozenset(parties) for (parties,) in found} == expected
