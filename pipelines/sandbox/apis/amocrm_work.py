"""What people do in the emulated amoCRM beside its deals: talks, tasks, calls and incoming leads.

All of it follows from the changes of the CRM, so it is the same whenever it is asked for.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, Final

from pipelines.sandbox.crm import Change, Contact, Crm
from pipelines.sandbox.writers_rows import to_rows

Json = dict[str, Any]

_TASK: Final = 9_000_000
_CALL: Final = 8_000_000
_HOUR: Final = 3_600
_DAY: Final = 86_400
_WAITS: Final = 2 * _HOUR  # so long an incoming lead is not accepted


def chat_id(thread_id: int) -> str:
    """The id that amoCRM gives a chat; a messenger does not know it."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"otvet:chat:{thread_id}"))


def threads_of(crm: Crm) -> dict[int, int]:
    """The thread of each conversation."""
    return {row["conversation_id"]: row["thread_id"] for row in to_rows(crm.world["conversations"])}


def talk_rows(crm: Crm, threads: dict[int, int]) -> list[Json]:
    """Return a talk for each deal that began in a chat, with the deal that it is linked to now."""
    return [_talk(crm, change, threads) for change in _begun_in_chats(crm)]


def _begun_in_chats(crm: Crm) -> Iterator[Change]:
    for change in crm.happened:
        if change.kind == "deal_added" and change.after.conversation_id is not None:
            yield change


def _talk(crm: Crm, change: Change, threads: dict[int, int]) -> Json:
    first = change.after
    number: int | None = change.entity_id
    while number is not None and number not in crm.deals:
        number = crm.gone_deals[number][1]
    deal = crm.deals.get(number or 0)
    contact = first.contact_id if deal is None else deal.contact_id
    while contact in crm.gone_contacts and crm.gone_contacts[contact][1] is not None:
        contact = crm.gone_contacts[contact][1]
    return {
        "talk_id": first.conversation_id, "created_at": change.at,
        "updated_at": change.at if deal is None else deal.updated_at, "rate": 0,
        "contact_id": contact, "chat_id": chat_id(threads[first.conversation_id]),
        "entity_id": number, "entity_type": None if number is None else "lead",
        "is_in_work": deal is not None and deal.status == "open", "is_read": True,
        "origin": "telegram", "missed_at": None, "account_id": 5_135_160,
        "_embedded": {"contacts": [{"id": contact}], "customers": []},
    }  # fmt: skip


def task_rows(crm: Crm) -> list[Json]:
    """Return a task to call back for each open or won deal; it is done when the deal moved on."""
    return [
        {
            "id": _TASK + deal.deal_id, "created_by": 0, "updated_by": 0,
            "created_at": deal.created_at, "updated_at": deal.updated_at,
            "responsible_user_id": deal.agent, "group_id": 0, "entity_id": deal.deal_id,
            "entity_type": "leads", "duration": 0, "is_completed": deal.stage > 0,
            "task_type_id": 1, "text": f"Позвонить {deal.deal_id}",
            "result": {"text": "Готово"} if deal.stage > 0 else [],
            "complete_till": deal.created_at + _DAY, "account_id": 5_135_160,
        }
        for deal in sorted(crm.deals.values(), key=lambda deal: deal.deal_id)
    ]  # fmt: skip


def call_rows(crm: Crm, entity: str) -> list[Json]:
    """Return a call with each second person: noted at the deal, or at the card where none is."""
    at_deals = {deal.contact_id: deal.deal_id for deal in crm.deals.values()}
    return [
        _call(contact, at_deals.get(contact.contact_id, contact.contact_id))
        for contact in sorted(crm.contacts.values(), key=lambda contact: contact.contact_id)
        if contact.phone and contact.contact_id % 2 == 0
        and (contact.contact_id in at_deals) == (entity == "leads")
        and contact.created_at + _HOUR <= crm.now
    ]  # fmt: skip


def _call(contact: Contact, entity_id: int) -> Json:
    at = contact.created_at + _HOUR
    incoming = contact.contact_id % 4 == 0
    return {
        "id": _CALL + contact.contact_id, "entity_id": entity_id, "created_by": 0,
        "updated_by": 0, "created_at": at, "updated_at": at, "group_id": 0,
        "responsible_user_id": contact.agent, "account_id": 5_135_160,
        "note_type": "call_in" if incoming else "call_out",
        "params": {
            "uniq": f"call-{contact.contact_id}", "duration": 30 + contact.contact_id % 300,
            "source": "telephony", "link": None, "phone": contact.phone,
            # The vendor sends either.
            "call_responsible": str(contact.agent) if incoming else contact.agent,
        },
    }  # fmt: skip


def unsorted_rows(crm: Crm) -> list[Json]:
    """Return the deals of forms that nobody has accepted yet."""
    return [
        {
            "uid": f"{deal.deal_id:032x}", "source_uid": "form", "source_name": deal.lead_source,
            "category": "forms", "pipeline_id": deal.pipeline, "created_at": deal.created_at,
            "metadata": {"form_id": 1, "ip": "192.0.2.1"}, "account_id": 5_135_160,
            "_embedded": {
                "contacts": [{"id": deal.contact_id}], "leads": [{"id": deal.deal_id}],
                "companies": [],
            },
        }
        for deal in sorted(crm.deals.values(), key=lambda deal: deal.created_at)
        if deal.conversation_id is None and crm.now - deal.created_at < _WAITS
    ]  # fmt: skip
