"""Activities of the emulated portal: sessions of open lines, and things to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines.sandbox.apis.bitrix24_lines import Session
from pipelines.sandbox.apis.bitrix24_lists import Table
from pipelines.sandbox.crm import Deal

Json = dict[str, Any]

LEAD, DEAL, CONTACT = 1, 2, 3
_TO_DO = 1_000_000_000  # ids of things to do begin here
_UNSOLD = 500_000_000  # leads of chats that led to no deal


@dataclass(frozen=True)
class Activity:
    """A session with the deal that it led to, or a thing to do about a deal."""

    number: int
    deal: Deal | None
    from_lead: bool
    session: Session | None
    now: int

    @property
    def is_closed(self) -> bool:
        """Whether the session has ended; things to do have not."""
        return self.session is not None and self.session.ended_at <= self.now

    @property
    def changed_at(self) -> int:
        """When something of it changed: messages are no change."""
        times = [] if self.deal is None else [self.deal.created_at]
        if self.session is not None:
            times.append(self.session.ended_at if self.is_closed else self.session.begun_at)
        return max(times)

    @property
    def bindings(self) -> list[tuple[int, int]]:
        """What it is bound to, the owner first: after a conversion a chat stays with its lead."""
        deal = self.deal
        if deal is None:
            return [(LEAD, _UNSOLD + self.number)]
        if self.session is not None and self.from_lead:
            return [(LEAD, deal.deal_id)]
        if self.session is not None and deal.deal_id % 5 == 1:
            return [(CONTACT, deal.contact_id), (DEAL, deal.deal_id)]
        return [(DEAL, deal.deal_id)]


def activities(
    deals: Iterable[tuple[Deal, bool]], sessions: Iterable[tuple[int, Session]], now: int
) -> Table:
    """Return what there is of deals, given with whether each began as a lead, and of sessions.

    Args:
        sessions: those that have begun, with the needs of the world that they are about.
    """
    made: dict[int, Activity] = {}
    led: dict[int, tuple[Deal, bool]] = {}
    for deal, from_lead in deals:
        if deal.conversation_id is not None:
            led[deal.conversation_id] = deal, from_lead
        if deal.deal_id % 7 == 0:
            number = _TO_DO + deal.deal_id
            made[number] = Activity(number, deal, from_lead, None, now)
    for need, session in sessions:
        led_to, from_lead = led.get(need, (None, False))
        made[session.number] = Activity(session.number, led_to, from_lead, session, now)
    return Table(
        sorted(made), made.__getitem__,
        {
            "ID": lambda row: row.number, "LAST_UPDATED": lambda row: row.changed_at,
            "PROVIDER_ID": lambda row: _provider(row),
        },
        frozenset({"LAST_UPDATED"}), "ID", strict=False,
    )  # fmt: skip


def activity_row(activity: Activity, zone: Any, agent: int) -> Json:
    """Render an activity as the old method does: every value is a text."""
    kind, owner = activity.bindings[0]
    session, deal = activity.session, activity.deal
    begun = _iso(deal.created_at if session is None else session.begun_at, zone)  # type: ignore[union-attr]
    shared = {
        "ID": str(activity.number), "OWNER_ID": str(owner), "OWNER_TYPE_ID": str(kind),
        "TYPE_ID": "6", "PROVIDER_ID": _provider(activity), "RESPONSIBLE_ID": str(agent),
        "AUTHOR_ID": str(agent), "CREATED": begun, "LAST_UPDATED": _iso(activity.changed_at, zone),
        "START_TIME": begun, "SETTINGS": [], "SUBJECT": "Чат: Иван, +7 916 123-45-67",
    }  # fmt: skip
    if session is None:
        return shared | {
            "PROVIDER_TYPE_ID": "TODO", "ASSOCIATED_ENTITY_ID": "0", "COMPLETED": "N",
            "PROVIDER_PARAMS": [], "END_TIME": begun,
            "DEADLINE": _iso(activity.changed_at + 86_400, zone),
        }  # fmt: skip
    return shared | {
        "PROVIDER_TYPE_ID": session.code.split("|")[1],
        "ASSOCIATED_ENTITY_ID": str(session.number),
        "COMPLETED": "Y" if activity.is_closed else "N",
        "END_TIME": _iso(session.ended_at, zone) if activity.is_closed else {},
        "DEADLINE": "9999-12-31T00:00:00+03:00", "ORIGIN_ID": f"IMOL_{session.number}",
        "PROVIDER_PARAMS": {"USER_CODE": session.code},
        "RESULT_SOURCE_ID": session.code.split("|")[0],
    }  # fmt: skip


def _provider(activity: Activity) -> str:
    return "CRM_TODO" if activity.session is None else "IMOPENLINES_SESSION"


def _iso(at: int, zone: Any) -> str:
    return datetime.fromtimestamp(at, zone).isoformat()
