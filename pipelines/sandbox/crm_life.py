"""What a CRM adds to the world's deals, as dated changes: the whole life of each card and deal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Final

import numpy as np

from pipelines.sandbox.business import LOST, NEW, PIPELINES, STAGES
from pipelines.sandbox.crm import Change, Contact, Crm, Deal
from pipelines.sandbox.model import World
from pipelines.sandbox.texts import LOSS_REASONS
from pipelines.sandbox.writers_rows import Row, to_rows

# What of the CRM's own life happens how often.
_SECOND_CARD: Final = 0.1
_LATER_EMAIL: Final = 0.1
_CARD_DELETED: Final = 0.02
_HANDED_OVER: Final = 0.1
_MOVED: Final = 0.25  # of the deals of the second pipeline: they began in the first one
_PRICED_LATER: Final = 0.2
_DELETED: Final = 0.1
_RESTORED: Final = 0.5
_MERGED: Final = 0.2
_HOUR: Final = 3_600
_DAY: Final = 86_400
SECOND_CARDS: Final = 5_000_000  # contact ids of cards that were made twice begin here
COMPANIES: Final = 7_000_000
_OFFICES: Final = PIPELINES.index("Офисы")


def make_crm(world: World) -> Crm:
    """Return the CRM of a world before anything happened; `advance` it to the wanted moment."""
    rng = np.random.default_rng([world.seed, world.until.toordinal(), 23])
    deals = to_rows(world["deals"])
    by_contact: defaultdict[int, list[Row]] = defaultdict(list)
    for row in deals:
        by_contact[row["contact_id"]].append(row)
    steps: defaultdict[int, list[Row]] = defaultdict(list)
    for row in to_rows(world["deal_events"]):
        steps[row["deal_id"]].append(row)
    changes: list[Change] = []
    companies: dict[int, str] = {}
    second_cards: dict[int, tuple[int, int]] = {}  # deal: card, until when
    for row in to_rows(world["customers"]):
        if row["contact_id"] is not None:
            own = by_contact[row["contact_id"]]
            changes += _life_of_contact(row, own, rng, second_cards)
            if any(deal["pipeline"] == PIPELINES[_OFFICES] for deal in own):
                companies[COMPANIES + row["contact_id"]] = f"ООО «{row['name'].split()[-1]}»"
    for row in deals:
        card = second_cards.get(row["deal_id"], (row["contact_id"], 0))[0]
        company = COMPANIES + row["contact_id"]
        own = by_contact[row["contact_id"]]
        changes += _life_of_deal(
            row, steps[row["deal_id"]], card, company if company in companies else None,
            own[0] if own[0] is not row else None, world, rng,
        )  # fmt: skip
    # The sort is stable: what one record goes through at one second keeps its order.
    changes.sort(key=attrgetter("at"))
    numbered = [replace(change, number=place) for place, change in enumerate(changes)]
    return Crm(world, numbered, companies)


def _life_of_contact(
    row: Row, deals: list[Row], rng: np.random.Generator, second_cards: dict[int, tuple[int, int]]
) -> Iterator[Change]:
    number, agent = row["contact_id"], int(deals[0]["agent"]) if deals else 0
    draws = rng.random(4)
    waits = rng.integers(_HOUR, 40 * _DAY, size=3)
    created = _seconds(row["arrived_at"])
    if deals:
        created = min(created, _seconds(deals[0]["created_at"]))
    contact = Contact(
        number, row["name"], row["phone"], row["email"],
        f"user{row['telegram_user_id']}" if row["is_saved_in_telegram"] else None,
        agent, created, created,
    )  # fmt: skip
    if draws[0] < _LATER_EMAIL:
        contact.email = None
    yield Change(0, created, "contact_added", number, agent, after=contact)
    if contact.email is None:
        at = created + int(waits[0])
        yield Change(0, at, "contact_edited", number, agent, after=row["email"])
    if deals and draws[1] < _SECOND_CARD:
        first = _seconds(deals[0]["created_at"])
        merged = first + int(waits[1])
        card = Contact(
            SECOND_CARDS + number, row["name"].split()[0], None, None, None, agent, first, first
        )
        yield Change(0, first, "contact_added", card.contact_id, agent, after=card)
        yield Change(0, merged, "contact_merged", card.contact_id, agent, after=number)
        for deal in deals:
            if _seconds(deal["created_at"]) <= merged:
                second_cards[deal["deal_id"]] = card.contact_id, merged
    elif draws[2] < _CARD_DELETED:
        after = max([created, *(_seconds(deal["updated_at"]) for deal in deals)])
        yield Change(0, after + 50 * _DAY + int(waits[2]), "contact_deleted", number, agent)


def _life_of_deal(
    row: Row,
    steps: list[Row],
    card: int,
    company: int | None,
    older: Row | None,
    world: World,
    rng: np.random.Generator,
) -> Iterator[Change]:
    """What a deal goes through; `older` is an earlier deal of the same person, to merge with."""
    number, agent = row["deal_id"], int(row["agent"])
    draws = rng.random(6)
    waits = rng.integers(_HOUR, 5 * _DAY, size=3)
    created = _seconds(row["created_at"])
    colleagues = [
        place for place, other in enumerate(world.agents)
        if other.team == world.agents[agent].team and place != agent and other.left is None
    ]  # fmt: skip
    owner = colleagues[number % len(colleagues)] if draws[0] < _HANDED_OVER else agent
    amount = int(row["amount"] * 100)
    pipeline = PIPELINES.index(row["pipeline"])
    begins_in = 0 if pipeline == _OFFICES and draws[1] < _MOVED else pipeline
    later = draws[2] < _PRICED_LATER and len(steps) > 1
    deal = Deal(
        number, card, company, owner, begins_in, NEW, 0 if later else amount, row["currency_code"],
        row["product"], row["lead_source"], row["campaign"], row["first_contact_seconds"],
        row["conversation_id"], created, created,
    )  # fmt: skip
    yield Change(0, created, "deal_added", number, owner, after=deal)
    if owner != agent:
        at = created + int(waits[0])
        yield Change(0, at, "owner_changed", number, owner, before=owner, after=agent)
    here = begins_in
    for place, step in enumerate(steps[1:], start=1):
        at = _seconds(step["occurred_at"])
        before = here, STAGES.index(step["from_stage"])
        here = pipeline
        after = here, STAGES.index(step["to_stage"])
        reason = None
        if after[1] == LOST:
            reason = LOSS_REASONS.index(row["lost_reason"] or LOSS_REASONS[number % 6])
        if later and place == 1:
            yield Change(0, at, "deal_edited", number, agent, before=0, after=amount)
        yield Change(0, at, "stage_changed", number, agent, before, after, reason)
    if row["status"] == "won":
        return
    last = max(_seconds(steps[-1]["occurred_at"]), created + 5 * _DAY)
    if draws[3] < _DELETED:
        gone = last + int(waits[1])
        yield Change(0, gone, "deal_deleted", number, agent)
        if draws[4] < _RESTORED:
            yield Change(0, gone + int(waits[2]), "deal_restored", number, agent)
    elif older is not None and older["status"] == "won" and draws[5] < _MERGED:
        yield Change(0, last + int(waits[1]), "deal_merged", number, agent, after=older["deal_id"])


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
