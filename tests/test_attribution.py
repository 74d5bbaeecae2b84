"""The money of random deals is given away to the cent in every model, and by the rule of each."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import duckdb
import pytest

from pipelines.sandbox.truth_attribution import MODELS, split
from tests.engine import compiled_models

DAY = 86_400
HALF_LIFE = 7 * DAY
Touch = tuple[int, int, bool]  # number, seconds before the deal, began before the payment


def attribution_of(touches: list[tuple[Any, ...]], deals: list[tuple[Any, ...]]) -> list[Any]:
    """Run the model on these rows; returns deal, conversation, model, share and both amounts."""
    (sql,) = (sql for name, _, sql in compiled_models() if name == "marts.fct_attribution")
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse; create schema warehouse.marts")
        connection.execute(
            "create table warehouse.marts.bridge_conversation_deals (deal_key text,"
            " conversation_key text, is_last_touch boolean, seconds_to_deal bigint,"
            " seconds_to_payment bigint)"
        )
        connection.execute(
            "create table warehouse.marts.fct_deals (deal_key text, currency_code text,"
            " net_amount decimal(38, 2), company_net_amount decimal(38, 2))"
        )
        connection.executemany(
            "insert into warehouse.marts.bridge_conversation_deals values (?, ?, ?, ?, ?)", touches
        )
        connection.executemany("insert into warehouse.marts.fct_deals values (?, ?, ?, ?)", deals)
        return connection.execute(
            "select deal_key, conversation_key, attribution_model, attributed_share,"
            f" attributed_amount, company_attributed_amount from ({sql})"
        ).fetchall()


def weights(model: str, waits: list[int]) -> list[Fraction]:
    """By the definition; the first of `waits` is the latest conversation."""
    last = len(waits) - 1
    match model:
        case "last_touch":
            return [Fraction(place == 0) for place in range(len(waits))]
        case "first_touch":
            return [Fraction(place == last) for place in range(len(waits))]
        case "linear":
            return [Fraction(1, len(waits))] * len(waits)
        case "position_based" if len(waits) > 2:
            middle = Fraction(20, 100 * (len(waits) - 2))
            ends = Fraction(40, 100)
            return [ends if place in (0, last) else middle for place in range(len(waits))]
        case "position_based":
            return [Fraction(1, len(waits))] * len(waits)
        case _:
            return [Fraction(round(2**26 * 0.5 ** (wait / HALF_LIFE))) for wait in waits]


def random_amount(chance: Random) -> Decimal | None:
    roll = chance.random()
    if roll < 0.1:
        return None
    if roll < 0.2:
        return Decimal(chance.randint(-500, 0)).scaleb(-2)
    return Decimal(chance.randint(0, 10 ** chance.randint(1, 14))).scaleb(-2)


@pytest.mark.parametrize("seed", range(3))
def test_every_cent_of_random_deals_is_given_away_by_the_rule(seed: int) -> None:
    chance = Random(seed)
    bridge, deals = [], []
    true: dict[tuple[str, str], tuple[Decimal | None, Decimal | None, list[Any]]] = {}
    for number in range(200):
        deal = f"d{number}"
        own, company = random_amount(chance), random_amount(chance)
        deals.append((deal, "EUR", own, company))
        # Few moments, so that some begin in one second.
        waits = sorted(
            chance.choice((0, 1, DAY, 6 * DAY, 7 * DAY, chance.randrange(7 * DAY)))
            for _ in range(chance.randint(1, 9))
        )
        keys = [f"{deal}c{place}" for place in range(len(waits))]
        rows = [
            (deal, key, key == keys[0], wait, chance.choice((None, 0, wait)))
            for key, wait in zip(keys, waits, strict=True)
        ]
        late = (deal, f"{deal}late", False, chance.randrange(99), -chance.randint(1, 99))
        bridge += [*rows, *([late] if chance.random() < 0.3 else [])]
        for model in MODELS:
            true[deal, model] = (own, company, list(zip(keys, weights(model, waits), strict=True)))
    chance.shuffle(bridge)
    found: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    for deal, key, model, *values in attribution_of(bridge, deals):
        found[deal, model].append((key, *values))
    assert found.keys() == true.keys()
    for place, (own, company, weighed) in true.items():
        credited = sorted(found[place])
        assert [key for key, *_ in credited] == [key for key, weight in weighed if weight]
        for column, net in ((2, own), (3, company)):
            parts = [row[column] for row in credited]
            assert (None if net is None else sum(parts)) == net
            # Of equal remainders the later takes the cent: the truth has the latest at the end.
            fair = split(net, [weight for _, weight in reversed(weighed)])[::-1]
            expected = [part for part, (_, weight) in zip(fair, weighed, strict=True) if weight]
            assert parts == expected, place
        whole = sum(weight for _, weight in weighed)
        shares = [float(weight / whole) for _, weight in weighed if weight]
        assert [row[1] for row in credited] == pytest.approx(shares, abs=1e-12)
