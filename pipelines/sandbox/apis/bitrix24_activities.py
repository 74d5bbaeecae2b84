"""Activities of the emulated portal: sessions of open lines, and things to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines.sandbox.apis.bitrix24_lists import Table
from pipelines.sandbox.crm import Deal

Json = dict[str, Any]

LEAD, DEAL, CONTACT = 1, 2, 3
_TO_DO = 10_000_000  # ids of things to do begin here
_BEFORE = 600  # seconds from the beginning of a chat to its deal


@dataclass(frozen=True)
class Activity:
    """A session that led to a deal, or a thing to do about it."""

    number: int
    deal: Deal
    is_session: bool
    from_lead: bool

    @property
    def bindings(self) -> list[tuple[int, int]]:
        """What it is bound to, the owner first: after a conversion a chat stays with its lead."""
        deal = self.deal
        if self.is_session and self.from_lead:
            return [(LEAD, deal.deal_id)]
        if self.is_session and deal.deal_id % 5 == 1:
            return [(CONTACT, deal.contact_id), (DEAL, deal.deal_id)]
        return [(DEAL, deal.deal_id)]


def activities(deals: Iterable[tuple[Deal, bool]]) -> Table:
    """Return the activities of deals, given with whether each began as a lead."""
    made: dict[int, Activity] = {}
    for deal, from_lead in deals:
        if deal.conversation_id is not None:
            made[deal.deal_id] = Activity(deal.deal_id, deal, True, from_lead)
        if deal.deal_id % 7 == 0:
            number = _TO_DO + deal.deal_id
            made[number] = Activity(number, deal, False, from_lead)
    return Table(
        sorted(made), made.__getitem__,
        {
            "ID": lambda row: row.number, "LAST_UPDATED": lambda row: row.deal.created_at,
            "PROVIDER_ID": lambda row: _provider(row),
        },
        frozenset({"LAST_UPDATED"}), "ID", strict=False,
    )  # fmt: skip


def activity_row(activity: Activity, zone: Any, agent: int) -> Json:
    """Render an activity as the old method does: every value is a text."""
    deal = activity.deal
    kind, owner = activity.bindings[0]
    begun = _iso(deal.created_at - _BEFORE, zone)
    shared = {
        "ID": str(activity.number), "OWNER_ID": str(owner), "OWNER_TYPE_ID": str(kind),
        "TYPE_ID": "6", "PROVIDER_ID": _provider(activity), "RESPONSIBLE_ID": str(agent),
        "AUTHOR_ID": str(agent), "CREATED": begun, "LAST_UPDATED": _iso(deal.created_at, zone),
        "START_TIME": begun, "END_TIME": _iso(deal.created_at, zone), "SETTINGS": [],
        "SUBJECT": "Чат: Иван, +7 916 123-45-67",
    }  # fmt: skip
    if not activity.is_session:
        return shared | {
            "PROVIDER_TYPE_ID": "TODO", "ASSOCIATED_ENTITY_ID": "0", "COMPLETED": "N",
            "PROVIDER_PARAMS": [], "DEADLINE": _iso(deal.created_at + 86_400, zone),
        }  # fmt: skip
    return shared | {
        "PROVIDER_TYPE_ID": "1", "ASSOCIATED_ENTITY_ID": str(deal.conversation_id),
        "COMPLETED": "Y", "DEADLINE": "9999-12-31T00:00:00+03:00",
        "ORIGIN_ID": f"IMOL_{deal.conversation_id}",
        "PROVIDER_PARAMS": {"USER_CODE": user_code(deal)}, "RESULT_SOURCE_ID": "telegrambot",
    }  # fmt: skip


def user_code(deal: Deal) -> str:
    """The name of a chat with a customer: connector, line, chat and user of the other side."""
    return f"telegrambot|1|{deal.contact_id}|{deal.contact_id + 1}"


def _provider(activity: Activity) -> str:
    return "IMOPENLINES_SESSION" if activity.is_session else "CRM_TODO"


def _iso(at: int, zone: Any) -> str:
    return datetime.fromtimestamp(at, zone).isoformat()
