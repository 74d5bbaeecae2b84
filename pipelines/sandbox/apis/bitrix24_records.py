"""The emulated company's CRM as Bitrix24 keeps it: records, staff and the stage history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property
from operator import attrgetter
from typing import Any, Final

from pipelines.sandbox.apis.bitrix24_activities import activities
from pipelines.sandbox.apis.bitrix24_dictionaries import (
    BILL_FIELD,
    CATEGORIES,
    COMPANY,
    CONTACT,
    CONTRACT_FIELD,
    DEAL,
    LEAD,
    PRODUCT_FIELD,
    PRODUCT_IDS,
    REASON,
    REASON_FIELD,
    SECONDS_FIELD,
    SEMANTICS,
    URGENT_FIELD,
    VISIT_FIELD,
    stage_id,
)
from pipelines.sandbox.apis.bitrix24_lines import LINES, OpenLines, present
from pipelines.sandbox.apis.bitrix24_lists import Table
from pipelines.sandbox.crm import Change, Contact, Crm, Deal

Json = dict[str, Any]

# The portal's own zone, in which it writes times.
ZONE: Final = timezone(timedelta(hours=3))
_USER: Final = 101
_LEAD_EVERY: Final = 4  # deals of which one began as a lead


def user_id(agent: int) -> int:
    """The id of an agent."""
    return _USER + agent


def iso(at: int) -> str:
    """A time as the portal writes it."""
    return datetime.fromtimestamp(at, ZONE).isoformat()


@dataclass(frozen=True)
class _Lead:
    """What a deal began as; `lead_id` is the deal's, for each kind of record counts anew."""

    lead_id: int
    deal: Deal


@dataclass
class Records:
    """Tables of an account by kind, as they stand at a version of the CRM."""

    crm: Crm
    messengers: frozenset[str] = frozenset(LINES)
    history_from: int = 0  # before it none was kept
    _version: int = -1
    _tables: dict[tuple[str, int], Table] = field(default_factory=dict)
    _moved: dict[int, int] = field(default_factory=dict)
    _steps: list[tuple[int, Change]] = field(default_factory=list)
    _followed: int = 0

    @cached_property
    def lines(self) -> OpenLines:
        """The open lines; they are made where somebody asks."""
        return OpenLines(self.crm, self.messengers)

    def items(self, kind: int) -> Table | None:
        """Leads, deals, contacts or companies."""
        made = {LEAD: self._leads, DEAL: self._deals, CONTACT: self._contacts,
                COMPANY: self._companies}.get(kind)  # fmt: skip
        return None if made is None else self._kept("items", kind, made)

    def history(self, kind: int) -> Table | None:
        """The stage history of leads or deals that there are."""
        made = {LEAD: self._lead_history, DEAL: self._deal_history}.get(kind)
        return None if made is None else self._kept("history", kind, made)

    def activities(self) -> Table:
        """Sessions of open lines and things to do; they stay where their deal went."""
        return self._kept("activities", 0, self._activities)

    def _activities(self) -> Table:
        now = self.crm.now
        return activities(
            (
                (change.after, change.entity_id % _LEAD_EVERY == 0)
                for _, change in self._steps
                if change.kind == "deal_added"
            ),
            ((session.number - 1, session) for session in present(self.lines.sessions, now)),
            now,
        )

    def _kept(self, name: str, kind: int, make: Callable[[], Table]) -> Table:
        if self._version != self.crm.version:
            self._tables.clear()
            self._version = self.crm.version
            for change in self.crm.changes[self._followed : len(self.crm.happened)]:
                self._followed += 1
                if change.kind in ("deal_added", "stage_changed"):
                    self._moved[change.entity_id] = change.at
                    self._steps.append((len(self._steps) + 1, change))
        if (name, kind) not in self._tables:
            self._tables[name, kind] = make()
        return self._tables[name, kind]

    def _deals(self) -> Table:
        deals = self.crm.deals
        return Table(
            sorted(deals), deals.__getitem__,
            {
                "id": attrgetter("deal_id"), "updatedTime": attrgetter("updated_at"),
                "createdTime": attrgetter("created_at"), "contactId": attrgetter("contact_id"),
                "companyId": attrgetter("company_id"),
                "categoryId": lambda deal: CATEGORIES[deal.pipeline],
                "stageId": lambda deal: stage_id(deal.pipeline, deal.stage),
                "assignedById": lambda deal: user_id(deal.agent),
            },
            frozenset({"updatedTime", "createdTime"}),
        )  # fmt: skip

    def _leads(self) -> Table:
        leads = {
            change.entity_id: _Lead(change.entity_id, change.after)
            for _, change in self._steps
            if change.kind == "deal_added" and change.entity_id % _LEAD_EVERY == 0
        }
        return Table(
            sorted(leads), leads.__getitem__,
            {
                "id": attrgetter("lead_id"), "updatedTime": attrgetter("deal.created_at"),
                "contactId": attrgetter("deal.contact_id"),
            },
            frozenset({"updatedTime"}),
        )  # fmt: skip

    def _contacts(self) -> Table:
        contacts = self.crm.contacts
        return Table(
            sorted(contacts), contacts.__getitem__,
            {"id": attrgetter("contact_id"), "updatedTime": attrgetter("updated_at")},
            frozenset({"updatedTime"}),
        )  # fmt: skip

    def _companies(self) -> Table:
        begun: dict[int, int] = {}
        for deal in self.crm.deals.values():
            if deal.company_id is not None:
                first = begun.get(deal.company_id, deal.created_at)
                begun[deal.company_id] = min(first, deal.created_at)
        return Table(
            sorted(begun), lambda number: (number, begun[number]),
            {"id": lambda row: row[0], "updatedTime": lambda row: row[1]},
            frozenset({"updatedTime"}),
        )  # fmt: skip

    def _deal_history(self) -> Table:
        """A deleted deal takes its rows along, and a restored one brings them back."""
        there = self.crm.deals
        steps = {
            number: change
            for number, change in self._steps
            if change.entity_id in there and change.at >= self.history_from
        }
        return _history(steps, lambda number: _step_row(number, steps[number]))

    def _lead_history(self) -> Table:
        leads = self._kept("items", LEAD, self._leads)
        rows = [
            {
                "ID": 2 * number + place, "TYPE_ID": 3 if place else 1, "OWNER_ID": number,
                "CREATED_TIME": iso(leads.record(number).deal.created_at),
                "STATUS_SEMANTIC_ID": "S" if place else "P",
                "STATUS_ID": "CONVERTED" if place else "NEW",
            }
            for number in leads.ids
            for place in (0, 1)
        ]  # fmt: skip
        by_id = {int(row["ID"]): row for row in rows}
        return _history(by_id, by_id.__getitem__)

    def item_row(self, kind: int, record: Any) -> Json:
        """Render a record with all its fields."""
        if kind == DEAL:
            return self._deal_row(record)
        if kind == CONTACT:
            return _contact_row(record)
        return self._lead_row(record) if kind == LEAD else self._company_row(*record)

    def _deal_row(self, deal: Deal) -> Json:
        began_as_lead = deal.deal_id % _LEAD_EVERY == 0
        return {
            "id": deal.deal_id, "title": f"Заказ {deal.deal_id}", "typeId": "SALE",
            "categoryId": CATEGORIES[deal.pipeline],
            "stageId": stage_id(deal.pipeline, deal.stage),
            "stageSemanticId": SEMANTICS.get(deal.stage, "P"), "isNew": "N",
            "closed": "Y" if deal.closed_at else "N", "opportunity": _number(deal.amount),
            "isManualOpportunity": "N", "taxValue": 0, "currencyId": deal.currency_code,
            "companyId": deal.company_id or 0, "contactId": deal.contact_id,
            "contactIds": [deal.contact_id], "leadId": deal.deal_id if began_as_lead else None,
            "sourceId": "WEB", "sourceDescription": "", "begindate": iso(deal.created_at),
            # What somebody planned; when the deal was closed is the time of its last move.
            "closedate": iso(deal.created_at + 7 * 86_400),
            "assignedById": user_id(deal.agent), "createdBy": user_id(deal.agent),
            "updatedBy": user_id(deal.agent), "movedBy": user_id(deal.agent),
            "createdTime": iso(deal.created_at), "updatedTime": iso(deal.updated_at),
            "movedTime": iso(self._moved[deal.deal_id]), "comments": "", "webformId": 0,
            "utmSource": deal.lead_source, "utmMedium": None, "utmCampaign": deal.campaign,
            "utmContent": None, "utmTerm": None, "observers": [], "entityTypeId": DEAL,
            PRODUCT_FIELD: PRODUCT_IDS[deal.product],
            REASON_FIELD: None if deal.lost_reason is None else REASON + deal.lost_reason,
            SECONDS_FIELD: deal.first_contact_seconds,
            BILL_FIELD: f"{deal.amount / 100:.2f}|{deal.currency_code}", URGENT_FIELD: "N",
            CONTRACT_FIELD: {"id": deal.deal_id, "urlMachine": "https://portal/f?token=secret"},
            VISIT_FIELD: iso(deal.created_at) if deal.deal_id % 2 else "",
        }  # fmt: skip

    def _lead_row(self, lead: _Lead) -> Json:
        deal = lead.deal
        contact = self.crm.contacts.get(deal.contact_id)
        phones = _multiple(lead.lead_id, "PHONE", "WORK", contact.phone if contact else None)
        return {
            "id": lead.lead_id, "title": f"Лид {lead.lead_id}", "stageId": "CONVERTED",
            "stageSemanticId": "S", "opportunity": _number(deal.amount),
            "currencyId": deal.currency_code, "companyId": 0, "contactId": deal.contact_id,
            "contactIds": [deal.contact_id], "sourceId": "WEB", "name": "Иван", "lastName": None,
            "assignedById": user_id(deal.agent), "createdBy": user_id(deal.agent),
            "createdTime": iso(deal.created_at), "updatedTime": iso(deal.created_at),
            "movedTime": iso(deal.created_at), "utmSource": deal.lead_source, "utmMedium": None,
            "utmCampaign": deal.campaign, "utmContent": None, "utmTerm": None, "fm": phones,
            "entityTypeId": LEAD,
        }  # fmt: skip

    def _company_row(self, number: int, at: int) -> Json:
        return {
            "id": number, "title": self.crm.companies[number], "industry": "", "fm": [],
            "assignedById": user_id(0), "createdTime": iso(at), "updatedTime": iso(at),
            "entityTypeId": COMPANY,
        }  # fmt: skip

    def users(self) -> list[Json]:
        """The staff; in this old method ids are texts, and empty dates are objects."""
        today = datetime.fromtimestamp(self.crm.now, UTC).date()
        rows = []
        for place, agent in enumerate(self.crm.agents):
            former = agent.renamed_on is not None and today < agent.renamed_on
            name = (agent.former_name if former else agent.name) or ""
            first, _, last = name.partition(" ")
            rows.append(
                {
                    "ID": str(user_id(place)), "NAME": first, "LAST_NAME": last,
                    "EMAIL": f"{agent.folder}@company.example", "TIMESTAMP_X": {},
                    "ACTIVE": agent.left is None or today < agent.left, "UF_DEPARTMENT": [1],
                }
            )  # fmt: skip
        return rows


def _history(rows: dict[int, Any], render: Callable[[int], Json]) -> Table:
    return Table(
        sorted(rows), render,
        {
            "ID": lambda row: row["ID"], "OWNER_ID": lambda row: row["OWNER_ID"],
            "CREATED_TIME": lambda row: int(
                datetime.fromisoformat(row["CREATED_TIME"]).timestamp()
            ),
        },
        frozenset({"CREATED_TIME"}), "ID",
    )  # fmt: skip


def _step_row(number: int, change: Change) -> Json:
    if change.kind == "deal_added":
        pipeline, stage, kind = change.after.pipeline, change.after.stage, 1
    else:
        pipeline, stage = change.after
        kind = 5 if change.before[0] != pipeline else 3 if stage in SEMANTICS else 2
    return {
        "ID": number, "TYPE_ID": kind, "OWNER_ID": change.entity_id,
        "CREATED_TIME": iso(change.at), "CATEGORY_ID": CATEGORIES[pipeline],
        "STAGE_SEMANTIC_ID": SEMANTICS.get(stage, "P"), "STAGE_ID": stage_id(pipeline, stage),
    }  # fmt: skip


def _contact_row(contact: Contact) -> Json:
    number = contact.contact_id
    first, _, last = contact.name.partition(" ")
    messenger = None
    if contact.telegram_id is not None:
        messenger = f"imol|telegrambot|1|{contact.telegram_id.removeprefix('user')}|{number}"
    many = [
        *_multiple(number, "PHONE", "WORK", contact.phone),
        *_multiple(number, "EMAIL", "WORK", contact.email),
        *_multiple(number, "IM", "IMOL", messenger),
    ]
    return {
        "id": number, "name": first, "secondName": "", "lastName": last or None, "post": None,
        "companyId": None, "companyIds": [], "leadId": None, "sourceId": "WEB",
        "assignedById": user_id(contact.agent), "createdTime": iso(contact.created_at),
        "updatedTime": iso(contact.updated_at), "typeId": "CLIENT", "entityTypeId": CONTACT,
        "hasPhone": "Y" if contact.phone else "N", "hasEmail": "Y" if contact.email else "N",
        "searchContent": "pbqrq", "fm": many,
    }  # fmt: skip


def _multiple(number: int, kind: str, way: str, value: str | None) -> list[Json]:
    if value is None:
        return []
    return [{"id": 10 * number, "typeId": kind, "valueType": way, "value": value}]


def _number(hundredths: int) -> int | float:
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100
