"""The CRM of the emulated company: its records as they stand at a moment, and all that changed.

The world knows what happened to deals. A CRM adds to it: cards that were made twice and merged,
deals that were deleted, restored, merged, handed to another owner or moved to another pipeline.
Each of these is a dated change here; the state at a moment is what the changes until then left.
Instants are UTC seconds, money is in hundredths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final, Literal

import pyarrow as pa

from pipelines.sandbox import model
from pipelines.sandbox.business import LOST, PIPELINES, STAGES, WON
from pipelines.sandbox.company import Agent
from pipelines.sandbox.model import World
from pipelines.sandbox.texts import LOSS_REASONS
from pipelines.sandbox.writers_rows import Row, to_rows

ChangeKind = Literal[
    "contact_added", "contact_edited", "contact_merged", "contact_deleted",
    "deal_added", "deal_edited", "stage_changed", "owner_changed",
    "deal_deleted", "deal_restored", "deal_merged",
]  # fmt: skip


# The world's deals stay in one pipeline, a CRM's may move.
DEAL_EVENTS: Final = pa.schema(
    [*model.DEAL_EVENTS, ("from_pipeline", pa.string()), ("to_pipeline", pa.string())]
)


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
            row
            for row in to_rows(self.world["payments"])
            if int(row["paid_at"].timestamp()) <= self.now
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


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
