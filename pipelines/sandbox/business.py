"""Deals, payments and ratings that follow from the conversations of a part, as whole columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.sandbox import model, texts
from pipelines.sandbox import talks as t
from pipelines.sandbox.calendar import DAY, Ints, Shifts
from pipelines.sandbox.part import ID_STRIDE, Part
from pipelines.sandbox.people import PAID_SOURCES, Flags

STAGES: Final = (
    "Новая заявка", "Переговоры", "КП отправлено", "Счёт выставлен", "Успешно реализовано",
    "Закрыто и не реализовано",
)  # fmt: skip
NEW, TALK, OFFER, INVOICE, WON, LOST = range(6)
PIPELINES: Final = ("Розница", "Офисы", "Berlin")
STATUSES: Final = ("open", "won", "lost")
CURRENCIES: Final = ("RUB", "EUR")
_ROUBLES_PER_EURO: Final = 100
_OFFICE_FROM: Final = 100_000
_PRODUCT_WEIGHTS: Final = np.array([8, 7, 4, 8, 4, 6, 9, 7, 5, 4, 5, 1]) / 68
_WALK_IN_SHARE: Final = 0.05
_FORGOTTEN: Final = 0.015
_STEPS: Final = 5
_LEAD_WITHIN: Final = int(6.5 * DAY)


@dataclass(slots=True)
class _Deals:
    """Columns of deals while they move through the stages."""

    talk: Ints  # -1: nobody wrote before it
    person: Ints
    agent: Ints
    created: Ints
    will_win: Flags
    stage: Ints
    at: Ints
    closed: Ints
    steps: list[tuple[Ints, Ints, Ints, Ints]]  # rows, from, to, when


def business_tables(part: Part, shifts: Shifts, begin: int, now: int) -> dict[str, pa.Table]:
    """Return `deals`, `deal_events`, `payments` and `ratings` up to now."""
    deals = _created(part, shifts, begin, now)
    _move(part, deals, shifts, now)
    product = part.rng.choice(len(texts.PRODUCTS), size=len(deals.talk), p=_PRODUCT_WEIGHTS)
    price = np.array([price for _, _, price in texts.PRODUCTS])[product]
    price = price * part.rng.choice([1, 2, 3], size=len(price), p=[8 / 11, 2 / 11, 1 / 11])
    in_berlin = part.people.in_berlin[deals.person]
    kopecks = np.where(in_berlin, price // _ROUBLES_PER_EURO, price) * 100
    tables = {
        "deals": _deals_table(part, deals, product, kopecks, in_berlin),
        "deal_events": _events_table(part, deals),
        "payments": _payments_table(part, deals, kopecks, in_berlin, now),
    }
    return tables | {"ratings": _ratings_table(part, now)}


def _created(part: Part, shifts: Shifts, begin: int, now: int) -> _Deals:
    rng, books, people = part.rng, part.books, part.people
    known = books["is_kept"] & (books["bought"] | books["became_lead"])
    known &= books["person"] < len(people)
    said = np.zeros(len(known), dtype=np.bool_)
    said[part.spoken["talk"][part.spoken["talk"] >= 0]] = True
    talk = np.flatnonzero(known & said)
    answered = books["first_answered"][talk]
    delay = np.minimum(rng.exponential(300, len(talk)), 6 * 1_440) * 60 + 120
    latest = np.maximum(books["begun"][talk] + _LEAD_WITHIN, answered)
    created = np.minimum(answered + delay.astype(np.int64), latest)
    walk_in = np.flatnonzero(people.has_contact & (rng.random(len(people)) < _WALK_IN_SHARE))
    early = np.maximum(people.arrived_at[walk_in], begin)
    at = early + (rng.random(len(walk_in)) * np.maximum(now - early, 1)).astype(np.int64)
    sellers = np.array(shifts.by_team["sales"])
    berliners = np.array(shifts.by_team["berlin"])
    chosen = np.where(
        people.in_berlin[walk_in], berliners[0], rng.choice(sellers[:3], size=len(walk_in))
    )
    deals = _Deals(
        talk=np.r_[talk, np.full(len(walk_in), -1)],
        person=np.r_[books["person"][talk], walk_in],
        agent=np.r_[books["first_agent"][talk], chosen],
        created=np.r_[created, at],
        will_win=np.r_[books["bought"][talk], rng.random(len(walk_in)) < 0.3],
        stage=np.zeros(0, dtype=np.int64), at=np.zeros(0, dtype=np.int64),
        closed=np.zeros(0, dtype=np.int64), steps=[],
    )  # fmt: skip
    order = np.argsort(deals.created, kind="stable")
    order = order[deals.created[order] <= now]
    for name in ("talk", "person", "agent", "created", "will_win"):
        setattr(deals, name, getattr(deals, name)[order])
    deals.stage = np.full(len(order), NEW)
    deals.at = deals.created.copy()
    deals.closed = np.full(len(order), -1)
    deals.steps.append((np.arange(len(order)), np.full(len(order), -1), deals.stage.copy(),
                        deals.created.copy()))  # fmt: skip
    return deals


def _move(part: Part, deals: _Deals, shifts: Shifts, now: int) -> None:
    """Take each deal on, now and then back or out and in, until it closes or is forgotten."""
    rng = part.rng
    rows = np.arange(len(deals.talk))
    gives_up = rng.random(len(rows)) < 0.03
    for _ in range(_STEPS):
        if not len(rows):
            return
        at = deals.at[rows] + rng.exponential(110_000, len(rows)).astype(np.int64) + 240
        at = shifts.next_on_shift(deals.agent[rows], at)
        at += rng.integers(0, 900, size=len(rows))
        going = (at <= now) & (rng.random(len(rows)) >= _FORGOTTEN)
        rows, at = rows[going], at[going]
        stage = deals.stage[rows]
        roll = rng.random(len(rows))
        forward = np.where((stage == TALK) & (roll < 0.4), INVOICE, stage + 1)
        back = (stage == OFFER) & (roll < 0.06)
        lost = ~deals.will_win[rows] & (stage >= TALK) & (rng.random(len(rows)) < 0.5)
        lost |= ~deals.will_win[rows] & (stage == INVOICE)
        excursion = deals.will_win[rows] & gives_up[rows] & (stage == TALK)
        target = np.where(back, TALK, np.where(lost | excursion, LOST, forward))
        target = np.where(stage == LOST, TALK, target)  # taken up again
        gives_up[rows[excursion]] = False
        deals.steps.append((rows, stage, target, at))
        deals.stage[rows] = target
        deals.at[rows] = at
        done = (target == WON) | ((target == LOST) & ~excursion)
        deals.closed[rows] = np.where((target == WON) | (target == LOST), at, -1)
        rows = rows[~done]


def _deals_table(
    part: Part, deals: _Deals, product: Ints, kopecks: Ints, in_berlin: Flags
) -> pa.Table:
    people, books = part.people, part.books
    count = len(deals.talk)
    status = np.select([deals.stage == WON, deals.stage == LOST], [1, 2], 0)
    reason = np.where(status == 2, part.rng.integers(0, len(texts.LOSS_REASONS), count), -1)
    pipeline = np.where(in_berlin, 2, np.where(kopecks > _OFFICE_FROM * 100, 1, 0))
    source = people.lead_source.take(pa.array(deals.person))
    campaign = pa.array(list(PAID_SOURCES.values())).take(
        pc.index_in(source, pa.array(list(PAID_SOURCES)))
    )
    wait = np.nan_to_num(books["wait_minutes"][np.maximum(deals.talk, 0)])
    return pa.table(
        {
            "deal_id": _ids(part, count),
            "contact_id": people.number[deals.person] + 50_000,
            "customer_id": people.number[deals.person],
            "conversation_id": pa.array(part.conversation_id(deals.talk), mask=deals.talk < 0),
            "agent": model.small(deals.agent),
            "pipeline": model.words(PIPELINES, pipeline),
            "stage": model.words(STAGES, deals.stage),
            "status": model.words(STATUSES, status),
            "lost_reason": model.words(texts.LOSS_REASONS, reason),
            "amount": _money(kopecks),
            "currency_code": model.words(CURRENCIES, in_berlin.astype(np.int64)),
            "product": model.words(tuple(name for _, name, _ in texts.PRODUCTS), product),
            "lead_source": source,
            "campaign": campaign,
            # The CRM counts whole minutes.
            "first_contact_seconds": pa.array(
                np.ceil(wait).astype(np.int64) * 60, mask=deals.talk < 0
            ),
            "created_at": model.instants(deals.created),
            "updated_at": model.instants(deals.at),
            "closed_at": model.instants(deals.closed, deals.closed < 0),
        },
        schema=model.DEALS,
    )


def _events_table(part: Part, deals: _Deals) -> pa.Table:
    rows, before, after, at = (np.concatenate(column) for column in zip(*deals.steps, strict=True))
    order = np.lexsort((np.arange(len(rows)), at))
    rows, before, after, at = rows[order], before[order], after[order], at[order]
    return pa.table(
        {
            "deal_event_id": _ids(part, len(rows)),
            "deal_id": _ids(part, len(deals.talk))[rows],
            "event_type": model.words(("created", "stage_changed"), (before >= 0) * 1),
            "from_stage": model.words(STAGES, before),
            "to_stage": model.words(STAGES, after),
            "occurred_at": model.instants(at),
            "agent": model.small(deals.agent[rows]),
        },
        schema=model.DEAL_EVENTS,
    )


def _payments_table(
    part: Part, deals: _Deals, kopecks: Ints, in_berlin: Flags, now: int
) -> pa.Table:
    """At once or in two halves; some is given back."""
    rng = part.rng
    won = np.flatnonzero(deals.stage == WON)
    at, amount = deals.closed[won], kopecks[won]
    halves = rng.random(len(won)) < 0.14
    first = np.where(halves, amount // 2, amount)
    later = at + rng.integers(DAY, 12 * DAY, size=len(won))
    refunded = np.flatnonzero(rng.random(len(won)) < 0.06)
    part_of = rng.choice([40, 100], size=len(refunded))
    back = first[refunded] * part_of // 100
    back_at = at[refunded] + rng.integers(2 * DAY, 16 * DAY, size=len(refunded))
    deal = np.r_[won, won[halves], won[refunded]]
    paid_at = np.r_[at, later[halves], back_at]
    amounts = np.r_[first, (amount - first)[halves], back]
    is_refund = np.arange(len(deal)) >= len(won) + halves.sum()
    order = np.argsort(paid_at, kind="stable")
    order = order[(paid_at[order] <= now) & (amounts[order] > 0)]
    deal = deal[order]
    return pa.table(
        {
            "payment_id": _ids(part, len(deal)),
            "deal_id": _ids(part, len(deals.talk))[deal],
            "contact_id": part.people.number[deals.person[deal]] + 50_000,
            "payment_type": model.words(("payment", "refund"), is_refund[order] * 1),
            "paid_at": model.instants(paid_at[order]),
            "amount": _money(amounts[order]),
            "currency_code": model.words(CURRENCIES, in_berlin[deal].astype(np.int64)),
        },
        schema=model.PAYMENTS,
    )


def _ratings_table(part: Part, now: int) -> pa.Table:
    """Answers to the survey after some of the conversations."""
    rng, books = part.rng, part.books
    person = np.minimum(books["person"], len(part.people) - 1)
    rows = np.flatnonzero(
        books["is_kept"] & ~books["ends_waiting"] & (books["ended"] <= now)
        & ~np.isnan(books["wait_minutes"]) & ~t.IS_GROUP[books["kind"]]
        & part.people.has_contact[person] & (books["person"] < len(part.people))
        & np.isin(np.arange(len(person)), np.unique(part.spoken["talk"]))
        & (rng.random(len(person)) < 0.24)
    )  # fmt: skip
    at = books["ended"][rows] + rng.integers(300, 5_400, size=len(rows))
    hours = np.minimum(books["wait_minutes"][rows] / 60, 12)
    mood = rng.normal(4.5 - 0.12 * hours + 0.6 * books["tone"][rows], 0.9)
    is_nps = rng.random(len(rows)) < 0.2
    score = np.where(is_nps, np.clip(np.rint(mood * 2), 0, 10), np.clip(np.rint(mood), 1, 5))
    order = np.argsort(at, kind="stable")
    order = order[at[order] <= now]
    rows = rows[order]
    return pa.table(
        {
            "rating_id": _ids(part, len(rows)),
            "contact_id": part.people.number[person[rows]] + 50_000,
            "conversation_id": part.conversation_id(rows),
            "survey_type": model.words(("csat", "nps"), is_nps[order] * 1),
            "score": score[order].astype(np.int8),
            "rated_at": model.instants(at[order]),
        },
        schema=model.RATINGS,
    )


def _ids(part: Part, count: int) -> Ints:
    result: Ints = part.number * ID_STRIDE + 30_000 + np.arange(count, dtype=np.int64)
    return result


def _money(hundredths: NDArray[Any]) -> pa.Array:
    """Whole hundredths as decimals: exact, by moving the point."""
    whole = pa.array(hundredths.astype(np.int64)).cast(pa.decimal128(19, 0))
    return pc.multiply(whole, pa.scalar("0.01").cast(pa.decimal128(3, 2))).cast(model.MONEY)
