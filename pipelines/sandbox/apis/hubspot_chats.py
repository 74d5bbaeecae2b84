"""Threads of HubSpot's inbox and its tickets: the chats of the emulated company.

Each need of a customer is a thread. Who writes is a visitor until somebody knows them; every third
need that became a deal has a ticket, which is linked with the deal when there is one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from typing import Any, Final

from pipelines.sandbox.apis.serving import Json
from pipelines.sandbox.crm import Crm
from pipelines.sandbox.writers_rows import to_rows

THREADS: Final = 9_900_000
TICKETS: Final = 8_800_000
VISITORS: Final = 90_000_000
_HOUR: Final = 3_600
_TICKET_AFTER: Final = 600


class Chats:
    """What of the world's chats an inbox knows at a moment."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        contacts = {
            row["customer_id"]: row["contact_id"] for row in to_rows(crm.world["customers"])
        }
        times: dict[int, list[int]] = defaultdict(list)
        messages = crm.world["messages"]
        for conversation, at in zip(
            messages["conversation_id"].to_pylist(),
            messages["sent_at"].cast("int64").to_pylist(),
            strict=True,
        ):
            if conversation is not None:
                times[conversation].append(at)
        with_deals = set(crm.world["deals"]["conversation_id"].to_pylist())
        self._talks: dict[int, Json] = {}
        for row in to_rows(crm.world["conversations"]):
            number = row["conversation_id"]
            if number in times:
                self._talks[number] = {
                    "times": sorted(times[number]), "customer": row["customer_id"],
                    "contact": contacts[row["customer_id"]], "is_spam": row["is_spam"],
                    "has_ticket": number % 3 == 0 and number in with_deals,
                }  # fmt: skip

    def threads(self) -> dict[int, Json]:
        """The threads that there are, by conversation: beginning, last message, contact, ticket."""
        now, found = self._crm.now, {}
        for number, talk in self._talks.items():
            begun = talk["times"][0]
            if begun > now:
                continue
            known_from = begun + _HOUR * (1 + number % 40)
            contact = self._present(talk["contact"]) if known_from <= now else None
            found[number] = {
                "begun": begun, "latest": talk["times"][bisect_right(talk["times"], now) - 1],
                "contact": VISITORS + talk["customer"] if contact is None else contact,
                "is_spam": talk["is_spam"],
                "ticket": TICKETS + number if self._has_ticket(number) else None,
            }  # fmt: skip
        return found

    def tickets(self) -> dict[int, int]:
        """When each ticket was made."""
        return {
            TICKETS + number: talk["times"][0] + _TICKET_AFTER
            for number, talk in self._talks.items()
            if self._has_ticket(number)
        }

    def _has_ticket(self, number: int) -> bool:
        talk = self._talks[number]
        return bool(talk["has_ticket"]) and talk["times"][0] + _TICKET_AFTER <= self._crm.now

    def _present(self, contact: int | None) -> int | None:
        return contact if contact is None or contact in self._crm.contacts else None


def thread_row(number: int, thread: Json, iso: Any, *, with_ticket: bool) -> Json:
    """A thread as the API shows it."""
    row: Json = {
        "id": str(THREADS + number), "createdAt": iso(thread["begun"]), "status": "OPEN",
        "originalChannelId": "1007", "originalChannelAccountId": "310", "inboxId": "12",
        "latestMessageTimestamp": iso(thread["latest"]), "spam": thread["is_spam"],
        "associatedContactId": str(thread["contact"]), "archived": False,
    }  # fmt: skip
    if with_ticket and thread["ticket"] is not None:
        row["threadAssociations"] = {"associatedTicketId": str(thread["ticket"])}
    return row
