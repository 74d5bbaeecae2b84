"""Which conversations get how much of each deal, in every model of attribution (D9), plainly."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from pipelines.sandbox.truth_money import Ledger, candidates_of, total
from pipelines.sandbox.truth_rules import DAY, Conversation

MODELS: Final = ("last_touch", "first_touch", "linear", "position_based", "time_decay")
_HALF_LIFE: Final = 7 * DAY
# Weights of time decay are whole parts of this, so that shares are exact.
_PARTS: Final = 2**26


class Credit(NamedTuple):
    """What one conversation gets of one deal in one model."""

    deal: int
    need: int
    model: str
    own: Decimal | None  # in the deal's currency; none while nothing is paid
    roubles: Decimal | None


def credits_of(ledger: Ledger, conversations: Iterable[Conversation]) -> list[Credit]:
    """Share the net money of each deal among the conversations before its payment."""
    found = []
    for deal, touched in candidates_of(ledger, conversations):
        number, created = deal["deal_id"], deal["created_at"]
        paid = ledger.first_paid.get(number)
        before = sorted(
            (item for item in touched if paid is None or item.started <= paid),
            key=lambda item: item.started,
        )
        waits = [created - item.started for item in before]
        for model in MODELS if before else ():
            weights = _weights(model, waits)
            own = split(ledger.own_net.get(number), weights)
            roubles = split(ledger.net.get(number), weights)
            found += [
                Credit(number, item.need, model, mine, mine_in_roubles)
                for item, weight, mine, mine_in_roubles in zip(
                    before, weights, own, roubles, strict=True
                )
                if weight
            ]
    return found


def _weights(model: str, waits: list[int]) -> list[Fraction]:
    """Weights of conversations, the earliest first, by their seconds before the deal."""
    count = len(waits)
    if model == "last_touch":
        return [Fraction(place == count - 1) for place in range(count)]
    if model == "first_touch":
        return [Fraction(place == 0) for place in range(count)]
    if model == "linear" or (model == "position_based" and count <= 2):
        return [Fraction(1)] * count
    if model == "position_based":
        middle = [Fraction(20, count - 2)] * (count - 2)
        return [Fraction(40), *middle, Fraction(40)]
    return [Fraction(round(_PARTS * 0.5 ** (wait / _HALF_LIFE))) for wait in waits]


def split(amount: Decimal | None, weights: list[Fraction]) -> list[Decimal | None]:
    """Whole cents by weight, that sum to the amount.

    Those that do not divide go to the largest remainders, of equal ones to the later conversation.
    """
    if amount is None:
        return [None] * len(weights)
    sign, cents = (-1 if amount < 0 else 1), int(abs(amount) * 100)
    exact = [cents * weight / sum(weights) for weight in weights]
    whole = [int(part) for part in exact]
    places = sorted(
        (place for place in range(len(weights)) if weights[place]),
        key=lambda place: (exact[place] - whole[place], place),
        reverse=True,
    )
    for place in places[: cents - sum(whole)]:
        whole[place] += 1
    return [Decimal(sign * part).scaleb(-2) for part in whole]


def credit_figures(
    credits_: Iterable[Credit], conversations: Iterable[Conversation]
) -> dict[str, float | None]:
    """What these conversations get in each model but the last touch."""
    needs = {item.need for item in conversations}
    money: dict[str, list[Decimal]] = {model: [] for model in MODELS}
    for credit in credits_:
        if credit.need in needs and credit.roubles is not None:
            money[credit.model].append(credit.roubles)
    return {f"attributed_revenue_{model}": total(money[model]) for model in MODELS[1:]}
