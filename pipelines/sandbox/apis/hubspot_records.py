"""The emulated CRM's records as HubSpot shows them: every value of a property is text or null."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pipelines.sandbox.apis.hubspot_chats import TICKETS, Chats
from pipelines.sandbox.apis.serving import Json
from pipelines.sandbox.business import LOST, PIPELINES, STAGES, WON
from pipelines.sandbox.crm import Contact, Crm, Deal
from pipelines.sandbox.texts import LOSS_REASONS

Properties = dict[str, str | None]

HOME_CURRENCY: Final = "RUB"
_OWNER: Final = 77_000
_USER: Final = 5_500
_EXPECTED: Final = 30 * 86_400
# The first pipeline is HubSpot's own, with words for ids; those that people made have numbers.
_WORDS: Final = (
    "appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "contractsent",
    "closedwon", "closedlost",
)  # fmt: skip
_PIPELINE: Final = 771_300
_STAGE: Final = 99_321_000
KINDS: Final = {
    "deals": "deals", "contacts": "contacts", "companies": "companies", "tickets": "tickets",
    "0-3": "deals", "0-1": "contacts", "0-2": "companies", "0-5": "tickets",
}  # fmt: skip
# Types of a link as the lists name them and as v4 numbers them; the first is the labelled one.
LINKS: Final[dict[tuple[str, str], tuple[tuple[str, int], ...]]] = {
    ("deals", "contacts"): (("deal_to_contact", 3),),
    ("contacts", "deals"): (("contact_to_deal", 4),),
    ("deals", "companies"): (("deal_to_company", 5), ("deal_to_company_unlabeled", 341)),
    ("tickets", "deals"): (("ticket_to_deal", 28),),
    ("deals", "tickets"): (("deal_to_ticket", 27),),
    ("companies", "deals"): (("company_to_deal", 6), ("company_to_deal_unlabeled", 342)),
}
_WITH_HISTORY: Final = ("dealstage", "pipeline", "hubspot_owner_id", "amount")


def pipeline_id(pipeline: int) -> str:
    """The id of a pipeline."""
    return str(_PIPELINE + pipeline) if pipeline else "default"


def stage_id(pipeline: int, stage: int) -> str:
    """The id of a stage."""
    return str(_STAGE + 10 * pipeline + stage) if pipeline else _WORDS[stage]


def owner_id(agent: int) -> str:
    """The id that records know an agent by."""
    return str(_OWNER + agent)


def user_id(agent: int) -> int:
    """The id that histories know an agent by."""
    return _USER + agent


def iso(at: int | float, *, with_fraction: bool = True) -> str:
    """An instant as text."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (".000Z" if with_fraction else "Z")


def _property(name: str, label: str, kind: str, field: str, *, own: bool = False) -> Json:
    return {
        "name": name, "label": label, "type": kind, "fieldType": field, "calculated": False,
        "archived": False, "hubspotDefined": not own, "options": [], "groupName": "information",
    }  # fmt: skip


DEFINED: Final[dict[str, tuple[Json, ...]]] = {
    "deals": (
        _property("dealname", "Deal Name", "string", "text"),
        _property("amount", "Amount", "number", "number"),
        _property("dealstage", "Deal Stage", "enumeration", "radio"),
        _property("closedate", "Close Date", "datetime", "date"),
        _property("product", "Товар", "enumeration", "select", own=True),
        _property("utm_source", "UTM source", "string", "text", own=True),
        _property("utm_campaign", "UTM campaign", "string", "text", own=True),
        _property(
            "seconds_to_first_answer", "Секунд до первого ответа", "number", "number", own=True
        ),
    ),
    "contacts": (
        _property("email", "Email", "string", "text"),
        _property("phone", "Phone Number", "string", "phonenumber"),
        _property("telegram", "Telegram", "string", "text", own=True),
    ),
    "companies": (_property("name", "Company name", "string", "text"),),
    "tickets": (_property("subject", "Ticket name", "string", "text"),),
}


class Records:
    """What there is and was, by kind and id; kept until the company moves on."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self.chats = Chats(crm)
        self._version = -1
        self._lists: dict[str, list[int]] = {}
        self._linked: dict[tuple[str, str], dict[int, list[int]]] = {}
        self._merged: dict[str, dict[int, list[tuple[int, int]]]] = {}
        self._companies: dict[int, int] = {}
        self._tickets: dict[int, int] = {}
        self._history: dict[int, dict[str, list[Json]]] = {}
        # What a test adds: values of properties by kind and id, and links by the ids of both.
        self.more: dict[tuple[str, int], Properties] = {}
        self.more_links: dict[tuple[str, str], dict[int, list[int]]] = {}

    @property
    def now(self) -> int:
        """The company's moment, UTC seconds."""
        return self._crm.now

    def live(self, kind: str) -> Mapping[int, Any]:
        """Records that there are; of a company only when its first deal was made."""
        self._refresh()
        records: dict[str, Mapping[int, Any]] = {
            "deals": self._crm.deals, "contacts": self._crm.contacts,
            "companies": self._companies, "tickets": self._tickets,
        }  # fmt: skip
        return records[kind]

    def archived(self, kind: str) -> dict[int, int]:
        """Records in the bin, and when they came there; those that were merged are not in it."""
        gone = {"deals": self._crm.gone_deals, "contacts": self._crm.gone_contacts}.get(kind, {})
        return {number: at for number, (at, winner) in gone.items() if winner is None}

    def ids(self, kind: str, *, archived: bool) -> list[int]:
        """Ids in the order of lists."""
        self._refresh()
        key = f"{kind} {archived}"
        if key not in self._lists:
            self._lists[key] = sorted(self.archived(kind) if archived else self.live(kind))
        return self._lists[key]

    def found(self, kind: str, number: int) -> int | None:
        """The id that answers to an id: a record that was merged leads to the one that stays."""
        gone = {"deals": self._crm.gone_deals, "contacts": self._crm.gone_contacts}.get(kind, {})
        winner = gone.get(number, (0, None))[1]
        return self.found(kind, winner) if winner else number if number in self.live(kind) else None

    def times(self, kind: str, number: int) -> tuple[int, int]:
        """When a record was made and last changed; binning it changes nothing."""
        record = self.live(kind)[number]
        if kind in ("companies", "tickets"):
            return record, record
        return record.created_at, record.updated_at

    def properties(self, kind: str, number: int) -> Properties:
        """All properties of a record that there is."""
        record = self.live(kind)[number]
        created, changed = self.times(kind, number)
        change = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        merged = self._merged[kind].get(number, []) if kind in self._merged else []
        values: Properties = {
            "hs_object_id": str(number), "createdate": iso(created), change: iso(changed),
            "hs_merged_object_ids": ";".join(str(loser) for loser, _ in merged) or None,
        }  # fmt: skip
        if kind == "deals":
            values |= _deal(record)
        elif kind == "contacts":
            values |= _contact(record)
            values["hs_calculated_merged_vids"] = (
                ";".join(f"{loser}:{at * 1000}" for loser, at in merged) or None
            )
        elif kind == "companies":
            values["name"] = self._crm.companies[number]
        else:
            values |= {"hs_pipeline": "0", "hs_pipeline_stage": "1", "source_type": "CHAT"}
        return values | self.more.get((kind, number), {})

    def history(self, number: int, names: Iterable[str], most: int) -> dict[str, list[Json]]:
        """Versions of a deal's properties, newest first, as many as are kept."""
        self._refresh()
        if not self._history:
            self._history = self._histories()
        versions = self._history.get(number, {})
        return {name: versions.get(name, [])[::-1][:most] for name in names}

    def linked(self, origin: str, target: str, number: int) -> list[int]:
        """Ids that a record is linked with."""
        self._refresh()
        if (origin, target) not in self._linked:
            self._linked[origin, target] = self._links(origin, target)
        added = self.more_links.get((origin, target), {}).get(number, [])
        return sorted([*self._linked[origin, target].get(number, []), *added])

    def _refresh(self) -> None:
        if self._version == self._crm.version:
            return
        self._version = self._crm.version
        self._lists, self._linked, self._history, self._companies = {}, {}, {}, {}
        self._tickets = self.chats.tickets()
        for deal in self._crm.deals.values():
            if deal.company_id is not None:
                first = self._companies.get(deal.company_id, deal.created_at)
                self._companies[deal.company_id] = min(first, deal.created_at)
        for kind, gone in (
            ("deals", self._crm.gone_deals), ("contacts", self._crm.gone_contacts),
        ):  # fmt: skip
            winners: dict[int, list[tuple[int, int]]] = defaultdict(list)
            for loser, (at, winner) in gone.items():
                if winner is not None:
                    winners[winner].append((loser, at))
            self._merged[kind] = winners

    def _links(self, origin: str, target: str) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for number in sorted(self._crm.deals):
            deal = self._crm.deals[number]
            ticket = TICKETS + (deal.conversation_id or 0)
            other = {
                "contacts": deal.contact_id, "companies": deal.company_id,
                "tickets": ticket if ticket in self._tickets else None,
            }[target if origin == "deals" else origin]  # fmt: skip
            if other is not None:
                here, there = (number, other) if origin == "deals" else (other, number)
                found[here].append(there)
        return found

    def _histories(self) -> dict[int, dict[str, list[Json]]]:
        found: dict[int, dict[str, list[Json]]] = {}
        for change in self._crm.happened:
            if change.entity != "deal":
                continue
            versions = found.setdefault(change.entity_id, {name: [] for name in _WITH_HISTORY})
            changed: Properties = {}
            match change.kind:
                case "deal_added":
                    every = _deal(change.after)
                    changed = {name: every[name] for name in _WITH_HISTORY}
                case "stage_changed":
                    changed = {"dealstage": stage_id(*change.after)}
                    if change.after[0] != change.before[0]:
                        changed["pipeline"] = pipeline_id(change.after[0])
                case "owner_changed":
                    changed = {"hubspot_owner_id": owner_id(change.after)}
                case "deal_edited":
                    changed = {"amount": _money(change.after)}
            for name, value in changed.items():
                version: Json = {"value": value, "timestamp": iso(change.at)}
                if change.agent is None:
                    version |= {"sourceType": "INTEGRATION", "sourceId": "1234"}
                else:
                    user = user_id(change.agent)
                    version |= {
                        "sourceType": "CRM_UI", "sourceId": f"userId:{user}",
                        "updatedByUserId": user,
                    }  # fmt: skip
                versions[name].append(version)
        return found


def _deal(deal: Deal) -> Properties:
    is_closed = deal.stage in (WON, LOST)
    # Of an open deal it is the day on which somebody hopes to close it.
    closes = deal.closed_at if is_closed and deal.closed_at else deal.created_at + _EXPECTED
    # Deals of the time before the account had several currencies have none.
    is_old = deal.currency_code == HOME_CURRENCY and deal.deal_id % 2 == 1
    seconds = deal.first_contact_seconds
    return {
        "dealname": f"Заказ {deal.deal_id}", "pipeline": pipeline_id(deal.pipeline),
        "dealstage": stage_id(deal.pipeline, deal.stage), "amount": _money(deal.amount),
        "deal_currency_code": None if is_old else deal.currency_code,
        "closedate": iso(closes, with_fraction=False), "hubspot_owner_id": owner_id(deal.agent),
        "hs_is_closed": str(is_closed).lower(), "hs_is_closed_won": str(deal.stage == WON).lower(),
        "closed_lost_reason": "" if deal.lost_reason is None else LOSS_REASONS[deal.lost_reason],
        "closed_won_reason": "", "hs_analytics_source": "OFFLINE",
        "hs_analytics_source_data_1": "INTEGRATION", "hs_analytics_source_data_2": "",
        "product": deal.product, "utm_source": deal.lead_source, "utm_campaign": deal.campaign,
        "seconds_to_first_answer": None if seconds is None else str(seconds),
    }  # fmt: skip


def _contact(contact: Contact) -> Properties:
    first, _, last = contact.name.partition(" ")
    return {
        "firstname": first, "lastname": last, "email": contact.email or "",
        "phone": contact.phone, "mobilephone": None, "telegram": contact.telegram_id,
        "hubspot_owner_id": owner_id(contact.agent), "lifecyclestage": "lead",
    }  # fmt: skip


def _money(hundredths: int) -> str:
    return f"{hundredths / 100:.2f}".removesuffix("0").removesuffix(".0")


def pipelines() -> list[Json]:
    """The pipelines of deals with their stages; what a stage means is text in `metadata`."""
    return [
        {
            "id": pipeline_id(place), "label": name, "displayOrder": place, "archived": False,
            "createdAt": iso(0), "updatedAt": iso(0),
            "stages": [
                {
                    "id": stage_id(place, stage), "label": title, "displayOrder": stage,
                    "archived": False, "createdAt": iso(0), "updatedAt": iso(0),
                    "metadata": {
                        "isClosed": str(stage in (WON, LOST)).lower(),
                        "probability": "1.0" if stage == WON else f"0.{2 * stage * (stage < WON)}",
                    },
                    "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
                }
                for stage, title in enumerate(STAGES)
            ],
        }
        for place, name in enumerate(PIPELINES)
    ]  # fmt: skip


def owners(crm: Crm, *, archived: bool) -> list[Json]:
    """The staff; those who left have lost their user id."""
    today = datetime.fromtimestamp(crm.now, UTC).date()
    rows = []
    for place, agent in enumerate(crm.agents):
        has_left = agent.left is not None and agent.left <= today
        if has_left != archived:
            continue
        former = agent.renamed_on is not None and today < agent.renamed_on
        first, _, last = ((agent.former_name if former else None) or agent.name).partition(" ")
        rows.append(
            {
                "id": owner_id(place), "email": f"{agent.folder}@company.example",
                "type": "PERSON", "firstName": first, "lastName": last,
                "userId": None if archived else user_id(place),
                "userIdIncludingInactive": user_id(place),
                "teams": [{"id": "1", "name": agent.team, "primary": True}],
                "createdAt": iso(0), "updatedAt": iso(0), "archived": archived,
            }
        )  # fmt: skip
    return rows
