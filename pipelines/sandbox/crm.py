"""The CRM of the emulated company: its records as they stand at a moment, and all that changed.

The world knows what happened to deals. A CRM adds to it: cards that were made twice and merged,
deals that were deleted, restored, merged, handed to another owner or moved to another pipeline.
Each of these is a dated change here; the state at a moment is what the changes until then left.
Instants are UTC seconds, money is in hundredths.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa

from pipelines.sandbox import model
from pipelines.sandbox.business import LOST, NEW, PIPELINES, STAGES, WON
from pipelines.sandbox.company import Agent
from pipelines.sandbox.model import World
from pipelines.sandbox.texts import LOSS_REASONS
from pipelines.sandbox.writers_rows import Row, to_rows

ChangeKind = Literal[
    "contact_added", "contact_edited", "contact_merged", "contact_deleted",
    "deal_added", "deal_edited", "stage_changed", "owner_changed",
    "deal_deleted", "deal_restored", "deal_merged",
]  # fmt: skip

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

# The world's deals stay in one pipeline, a CRM's may move.
DEAL_EVENTS: Final = pa.schema(
    [*model.DEAL_EVENTS, ("from_pipeline", pa.string()), ("to_pipeline", pa.string())]
)
_OFFICES: Final = PIPELINES.index("Офисы")


@dataclass(slots=True)
class Contact:
    """A card of a person."""

    contact_id: int
    name: str
    phone: str | None
    email: str | None
    telegram_id: str | None
    agent: int
    created_at: int
    updated_at: int


@dataclass(slots=True)
class Deal:
    """A deal; `stage` and `pipeline` are places in `STAGES` and `PIPELINES`."""

    deal_id: int
    contact_id: int
    company_id: int | None
    agent: int
    pipeline: int
    stage: int
    amount: int
    currency_code: str
    product: str
    lead_source: str
    campaign: str | None
    first_contact_seconds: int | None
    conversation_id: int | None
    created_at: int
    updated_at: int
    lost_reason: int | None = None
    closed_at: int | None = None

    @property
    def status(self) -> str:
        """open, won or lost."""
        return {WON: "won", LOST: "lost"}.get(self.stage, "open")


@dataclass(slots=True, frozen=True)
class Change:
    """One thing that happened; `number` orders and names it.

    `before` and `after` hold the changed values: of a stage `(pipeline, stage)`, of an owner the
    place of the agent, of a merge the id that stays.
    """

    number: int
    at: int
    kind: ChangeKind
    entity_id: int
    agent: int | None = None
    before: Any = None
    after: Any = None
    lost_reason: int | None = None

    @property
    def entity(self) -> str:
        """contact or deal."""
        return "contact" if self.kind.startswith("contact") else "deal"


@dataclass(slots=True)
class Crm:
    """All records at `now`; `advance` moves on. Records that were merged or deleted are gone."""

    world: World
    changes: list[Change]
    companies: dict[int, str]
    now: int = 0
    contacts: dict[int, Contact] = field(default_factory=dict)
    deals: dict[int, Deal] = field(default_factory=dict)
    # What is gone: (at, where it went), and deals as they were, for they may come back.
    gone_contacts: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    gone_deals: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    version: int = 0
    _trash: dict[int, Deal] = field(default_factory=dict)
    _applied: int = 0

    @property
    def agents(self) -> list[Agent]:
        """The staff, also those who left."""
        return self.world.agents

    @property
    def happened(self) -> list[Change]:
        """The changes until now, oldest first."""
        return self.changes[: self._applied]

    def advance(self, to: datetime | int) -> list[Change]:
        """Let time pass until `to`; returns what happened.

        Raises:
            ValueError: time does not go back.
        """
        until = int(to.timestamp()) if isinstance(to, datetime) else to
        if until < self.now:
            raise ValueError("The emulated company does not go back in time.")
        begin = self._applied
        while self._applied < len(self.changes) and self.changes[self._applied].at <= until:
            self._apply(self.changes[self._applied])
            self._applied += 1
        self.now = until
        self.version += 1
        return self.changes[begin : self._applied]

    def _apply(self, change: Change) -> None:
        if change.entity == "contact":
            self._apply_to_contact(change)
        else:
            self._apply_to_deal(change)

    def _apply_to_contact(self, change: Change) -> None:
        number = change.entity_id
        match change.kind:
            case "contact_added":
                self.contacts[number] = replace(change.after)
            case "contact_edited":
                contact = self.contacts[number]
                contact.email, contact.updated_at = change.after, change.at
            case "contact_merged":
                del self.contacts[number]
                self.gone_contacts[number] = change.at, change.after
                self.contacts[change.after].updated_at = change.at
                # A CRM links the deals anew without calling that a change of them.
                for deal in self.deals.values():
                    if deal.contact_id == number:
                        deal.contact_id = change.after
            case _:
                del self.contacts[number]
                self.gone_contacts[number] = change.at, None

    def _apply_to_deal(self, change: Change) -> None:
        number = change.entity_id
        match change.kind:
            case "deal_added":
                self.deals[number] = replace(change.after)
                return
            case "deal_deleted" | "deal_merged":
                self._trash[number] = self.deals.pop(number)
                self.gone_deals[number] = change.at, change.after
                if change.after is not None:
                    self.deals[change.after].updated_at = change.at
                return
            case "deal_restored":
                self.deals[number] = self._trash.pop(number)
                del self.gone_deals[number]
        deal = self.deals.get(number) or self._trash[number]
        deal.updated_at = change.at
        match change.kind:
            case "deal_edited":
                deal.amount = change.after
            case "owner_changed":
                deal.agent = change.after
            case "stage_changed":
                deal.pipeline, deal.stage = change.after
                deal.closed_at = change.at if deal.stage in (WON, LOST) else None
                deal.lost_reason = change.lost_reason if deal.stage == LOST else None

    def tables(self) -> dict[str, pa.Table]:
        """The world's CRM tables as they stand now: what every road from this CRM must bring."""
        contacts = self.contacts
        known = [
            row | {"contact_id": row["contact_id"] if row["contact_id"] in contacts else None}
            for row in to_rows(self.world["customers"])
        ]
        deals = sorted(self.deals.values(), key=attrgetter("deal_id"))
        payments = [
            row for row in to_rows(self.world["payments"]) if _seconds(row["paid_at"]) <= self.now
        ]
        return {
            "customers": pa.Table.from_pylist(known, schema=model.CUSTOMERS),
            "deals": pa.Table.from_pylist(
                [self._deal_row(deal) for deal in deals], schema=model.DEALS
            ),
            "deal_events": pa.Table.from_pylist(list(self._events()), schema=DEAL_EVENTS),
            "payments": pa.Table.from_pylist(payments, schema=model.PAYMENTS),
        }

    def recorded(self) -> World:
        """The world with the CRM's tables as they stand now."""
        return replace(self.world, tables=self.world.tables | self.tables())

    def _deal_row(self, deal: Deal) -> Row:
        return {
            "deal_id": deal.deal_id, "contact_id": deal.contact_id,
            "conversation_id": deal.conversation_id, "agent": deal.agent,
            "pipeline": PIPELINES[deal.pipeline], "stage": STAGES[deal.stage],
            "status": deal.status,
            "lost_reason": None if deal.lost_reason is None else LOSS_REASONS[deal.lost_reason],
            "amount": model.hundredths(deal.amount), "currency_code": deal.currency_code,
            "product": deal.product, "lead_source": deal.lead_source, "campaign": deal.campaign,
            "first_contact_seconds": deal.first_contact_seconds,
            "created_at": _instant(deal.created_at), "updated_at": _instant(deal.updated_at),
            "closed_at": None if deal.closed_at is None else _instant(deal.closed_at),
        }  # fmt: skip

    def _events(self) -> Iterator[Row]:
        for change in self.happened:
            if change.kind in ("deal_added", "stage_changed") and change.entity_id in self.deals:
                added = change.kind == "deal_added"
                yield {
                    "deal_event_id": change.number,
                    "deal_id": change.entity_id,
                    "event_type": "created" if added else "stage_changed",
                    "from_stage": None if added else STAGES[change.before[1]],
                    "to_stage": STAGES[change.after.stage if added else change.after[1]],
                    "occurred_at": _instant(change.at),
                    "agent": change.agent,
                    "from_pipeline": None if added else PIPELINES[change.before[0]],
                    "to_pipeline": PIPELINES[change.after.pipeline if added else change.after[0]],
                }


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


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
