"""Whom the product can recognise (docs/DECISIONS.md, D8 and D12), from the world's own books."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from pipelines.sandbox.model import World
from pipelines.sandbox.truth_events import rows

# An account ("telegram", "user12") or a contact of the CRM ("contact", "501").
Party = tuple[str, str]


@dataclass(frozen=True, slots=True)
class People:
    """`customer` of each identity that wrote, and of each contact of which somebody wrote."""

    of_identity: dict[int, str]
    of_contact: dict[int, str]


def recognised_people(world: World) -> People:
    """Who is behind each identity and contact, as far as cards tell.

    An account that a contact names is of its person; a phone makes one person of all who have it,
    unless it is seen to be shared: two Telegram accounts have it, or two contacts of which not each
    names an account. E-mails join nobody who is not joined already: contacts have one of their own.
    """
    identities, contacts = rows(world["identities"]), _contacts(world)
    owners: defaultdict[str, set[Party]] = defaultdict(set)
    for row in identities:
        if row["phone_on_card"]:
            owners[row["phone_on_card"]].add(_account(row))
    for row in contacts:
        owners[row["phone"]].add(_contact(row))
    named = {_contact(row): _named_account(row) for row in contacts}
    own_phones = {phone for phone in owners if not _is_shared(owners[phone], named)}
    person: dict[Party, Party] = {}

    def find(party: Party) -> Party:
        while (above := person.setdefault(party, party)) != party:
            party = above
        return party

    for contact, account in named.items():
        if account is not None:
            person[find(contact)] = find(account)
    for phone in own_phones:
        first, *others = owners[phone]
        for other in others:
            person[find(other)] = find(first)
    sizes = Counter(find(party) for party in list(person))

    of_identity: dict[int, str] = {}
    wrote: dict[Party, str] = {}
    for row in identities:
        root = find(_account(row))
        is_joined = sizes[root] > 1 or row["phone_on_card"] in own_phones
        # What nothing joins is a customer of its own source.
        place = "" if is_joined else row["source"]
        of_identity[row["identity_id"]] = wrote[root] = f"{place} {root}"
    of_contact = {
        row["contact_id"]: wrote[find(_contact(row))]
        for row in contacts
        if find(_contact(row)) in wrote
    }
    return People(of_identity, of_contact)


def _contacts(world: World) -> list[dict[str, Any]]:
    return [row for row in rows(world["customers"]) if row["contact_id"] is not None]


def _contact(row: dict[str, Any]) -> Party:
    return ("contact", str(row["contact_id"]))


def _named_account(row: dict[str, Any]) -> Party | None:
    return ("telegram", f"user{row['telegram_user_id']}") if row["is_saved_in_telegram"] else None


def _account(identity: dict[str, Any]) -> Party:
    messenger = "telegram" if identity["source"] == "telegram" else "whatsapp"
    return (messenger, identity["address"])


def _is_shared(parties: set[Party], named: dict[Party, Party | None]) -> bool:
    contacts = [party for party in parties if party[0] == "contact"]
    accounts = parties.difference(contacts) | {named[contact] for contact in contacts}
    in_telegram = [account for account in accounts if account and account[0] == "telegram"]
    some_name_none = any(named[contact] is None for contact in contacts)
    return len(in_telegram) > 1 or (len(contacts) > 1 and some_name_none)
