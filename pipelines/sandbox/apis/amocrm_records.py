"""The emulated CRM's records as amoCRM shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pipelines.sandbox.apis.serving import Json
from pipelines.sandbox.business import LOST, PIPELINES, STAGES, WON
from pipelines.sandbox.crm import Change, Contact, Crm, Deal
from pipelines.sandbox.texts import LOSS_REASONS

ACCOUNT_ID: Final = 5_135_160
WON_STATUS: Final = 142
LOST_STATUS: Final = 143
_PIPELINE: Final = 1_300
_STATUS: Final = 32_392_100
_REASON: Final = 4_203_700
_USER: Final = 123_100
_CHAT: Final = "incoming_chat_message"
_EVENT_TYPES: Final = {
    "contact_added": ("contact_added",), "contact_merged": ("entity_merged",),
    "contact_deleted": ("contact_deleted",), "deal_added": ("lead_added", _CHAT),
    "stage_changed": ("lead_status_changed",), "deal_deleted": ("lead_deleted",),
    "owner_changed": ("entity_responsible_changed",), "deal_restored": ("lead_restored",),
    "deal_merged": ("entity_merged",), "deal_edited": ("sale_field_changed",),
}  # fmt: skip
FIELDS: Final[dict[str, tuple[Json, ...]]] = {
    "leads": (
        {"id": 681, "name": "utm_source", "code": "UTM_SOURCE", "type": "tracking_data"},
        {"id": 682, "name": "utm_campaign", "code": "UTM_CAMPAIGN", "type": "tracking_data"},
        {"id": 702, "name": "Товар", "code": None, "type": "select"},
        {"id": 703, "name": "Сумма в валюте", "code": None, "type": "monetary"},
        {"id": 704, "name": "Валюта", "code": None, "type": "text"},
        {"id": 705, "name": "Секунд до первого ответа", "code": None, "type": "numeric"},
    ),
    "contacts": (
        {"id": 3, "name": "Телефон", "code": "PHONE", "type": "multitext"},
        {"id": 4, "name": "Email", "code": "EMAIL", "type": "multitext"},
        {"id": 5, "name": "Telegram", "code": "IM", "type": "multitext"},
    ),
    "companies": ({"id": 7, "name": "Email", "code": "EMAIL", "type": "multitext"},),
}


def status_id(pipeline: int, stage: int) -> int:
    """The id of a stage; won and lost are the same in every pipeline."""
    fixed = {WON: WON_STATUS, LOST: LOST_STATUS}
    return fixed.get(stage, _STATUS + 10 * pipeline + stage)


def user_id(agent: int) -> int:
    """The id of an agent."""
    return _USER + agent


@dataclass(frozen=True)
class Company:
    """A company, which the emulated CRM knows only from its deals."""

    company_id: int
    created_at: int
    updated_at: int


def user_rows(crm: Crm) -> list[Json]:
    """Return the agents as users, with the names that they have now."""
    today = datetime.fromtimestamp(crm.now, UTC).date()
    return [
        {
            "id": user_id(place),
            "name": agent.former_name
            if agent.renamed_on is not None and today < agent.renamed_on
            else agent.name,
            "email": f"{agent.folder}@company.example", "lang": "ru",
            "rights": {
                "is_admin": False, "is_active": agent.left is None or today < agent.left,
                "group_id": None,
            },
        }
        for place, agent in enumerate(crm.agents)
    ]  # fmt: skip


def pipeline_rows() -> list[Json]:
    """Return the pipelines, each with its stages."""
    return [
        {
            "id": _PIPELINE + place, "name": name, "sort": place + 1,
            "is_main": place == 0, "is_archive": False,
            "_embedded": {"statuses": [
                {
                    "id": status_id(place, stage), "name": title, "sort": 10 * (stage + 1),
                    "pipeline_id": _PIPELINE + place, "type": 0, "is_editable": stage < WON,
                }
                for stage, title in enumerate(STAGES)
            ]},
        }
        for place, name in enumerate(PIPELINES)
    ]  # fmt: skip


def reason_rows() -> list[Json]:
    """Return the reasons why deals are lost."""
    return [
        {"id": _REASON + place, "name": name, "sort": place, "created_at": 1, "updated_at": 1}
        for place, name in enumerate(LOSS_REASONS)
    ]


def lead_row(deal: Deal, asked: set[str], home_currency: str, rate: int) -> Json:
    """Return a deal; its price is in the account's currency.

    Args:
        deal: the deal.
        asked: what the request wants `with` it.
        home_currency: the account's currency.
        rate: units of it for one of the deal's currency.
    """
    is_foreign = deal.currency_code != home_currency
    embedded: Json = {
        "tags": [],
        "companies": [] if deal.company_id is None else [{"id": deal.company_id}],
    }
    if "contacts" in asked:
        embedded["contacts"] = [{"id": deal.contact_id, "is_main": True}]
    if "loss_reason" in asked and deal.lost_reason is not None:
        embedded["loss_reason"] = [
            {"id": _REASON + deal.lost_reason, "name": LOSS_REASONS[deal.lost_reason]}
        ]
    values = {
        681: deal.lead_source, 682: deal.campaign, 702: deal.product,
        703: f"{deal.amount / 100:.2f}" if is_foreign else None,
        704: deal.currency_code if is_foreign else None,
        705: deal.first_contact_seconds,
    }  # fmt: skip
    return {
        "id": deal.deal_id, "name": f"Заказ {deal.deal_id}",
        "price": deal.amount * rate // 100, "responsible_user_id": user_id(deal.agent),
        "group_id": 0, "status_id": status_id(deal.pipeline, deal.stage),
        "pipeline_id": _PIPELINE + deal.pipeline,
        "loss_reason_id": None if deal.lost_reason is None else _REASON + deal.lost_reason,
        "source_id": None, "created_by": 0, "updated_by": user_id(deal.agent),
        "created_at": deal.created_at, "updated_at": deal.updated_at,
        "closed_at": deal.closed_at, "closest_task_at": None, "is_deleted": False,
        "custom_fields_values": _values("leads", values), "account_id": ACCOUNT_ID,
        "_embedded": embedded,
    }  # fmt: skip


def contact_row(contact: Contact, deal_ids: list[int] | None) -> Json:
    """Return a contact, with its deals where they are asked for."""
    embedded: Json = {"tags": [], "companies": []}
    if deal_ids is not None:
        embedded["leads"] = [{"id": number} for number in deal_ids]
    values = {3: contact.phone, 4: contact.email, 5: contact.telegram_id}
    return {
        "id": contact.contact_id, "name": contact.name,
        "first_name": contact.name.split()[0], "last_name": contact.name.split()[-1],
        "responsible_user_id": user_id(contact.agent), "group_id": 0,
        "created_by": 0, "updated_by": 0, "created_at": contact.created_at,
        "updated_at": contact.updated_at, "is_deleted": False,
        "custom_fields_values": _values("contacts", values), "account_id": ACCOUNT_ID,
        "_embedded": embedded,
    }  # fmt: skip


def company_row(company: Company, name: str) -> Json:
    """Return a company."""
    email = f"office@c{company.company_id}.example"
    return {
        "id": company.company_id, "name": name,
        "created_at": company.created_at, "updated_at": company.updated_at,
        "custom_fields_values": _values("companies", {7: email}), "_embedded": {"tags": []},
    }  # fmt: skip


def companies_of_deals(crm: Crm) -> list[Company]:
    """Return each company from the first of its deals on."""
    begun: dict[int, int] = {}
    for deal in crm.deals.values():
        if deal.company_id is not None:
            first = begun.get(deal.company_id, deal.created_at)
            begun[deal.company_id] = min(first, deal.created_at)
    return [Company(number, at, at) for number, at in begun.items()]


def deals_of_contacts(crm: Crm) -> defaultdict[int, list[int]]:
    """Return the ids of the deals of each contact."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for deal in crm.deals.values():
        found[deal.contact_id].append(deal.deal_id)
    return found


@dataclass(frozen=True)
class Event:
    """A change as amoCRM tells of it: several events can tell of one, for several records."""

    change: Change
    kind: str
    entity_id: int


def events_of(change: Change) -> Iterator[Event]:
    """Return what amoCRM tells of a change."""
    for kind in _EVENT_TYPES.get(change.kind, ()):
        # A message is told of where the deal began in a chat.
        if kind == _CHAT and change.after.conversation_id is None:
            continue
        # A merge is told of both records, without saying which one stays.
        is_merge = change.kind in ("contact_merged", "deal_merged")
        for number in (change.entity_id, int(change.after)) if is_merge else (change.entity_id,):
            yield Event(change, kind, number)


def event_row(event: Event) -> Json:
    """Return an event."""
    change = event.change
    before: list[Json] = []
    after: list[Json] = []
    if change.kind == "stage_changed":
        before, after = (
            [{"lead_status": {"id": status_id(*side), "pipeline_id": _PIPELINE + side[0]}}]
            for side in (change.before, change.after)
        )
    elif change.kind == "owner_changed":
        before, after = (
            [{"responsible_user": {"id": user_id(side)}}] for side in (change.before, change.after)
        )
    is_message = event.kind == _CHAT
    if is_message:
        talk = change.after.conversation_id
        after = [{"message": {"id": f"m{talk}", "talk_id": talk, "origin": "telegram"}}]
    return {
        "id": f"0{2 - is_message}{change.number:020d}{event.entity_id % 10_000:04d}",
        "type": event.kind, "entity_id": event.entity_id,
        "entity_type": "lead" if change.entity == "deal" else "contact",
        "created_by": 0 if change.agent is None else user_id(change.agent),
        "created_at": change.at, "account_id": ACCOUNT_ID, "value_after": after,
        "value_before": before, "_embedded": {"entity": {"id": event.entity_id}},
    }  # fmt: skip


def _values(entity: str, values: dict[int, Any]) -> list[Json] | None:
    found = [
        {
            "field_id": item["id"], "field_name": item["name"], "field_code": item["code"],
            "field_type": item["type"], "values": [{"value": values[item["id"]]}],
        }
        for item in FIELDS[entity]
        if values[item["id"]] is not None
    ]  # fmt: skip
    return found or None
