"""HubSpot's records as rows of the raw tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from pipelines.sources._common.fields import (
    FieldError,
    Json,
    boolean,
    instant,
    integer,
    money,
    nested,
    objects,
    packed,
    required_instant,
    text,
)
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.hubspot.objects import Link, Links
from pipelines.sources.hubspot.properties import EMAILS, PHONES, Properties, Property

Row = dict[str, Any]

HISTORY: Final = ("dealstage", "pipeline", "hubspot_owner_id")
_PRIMARY: Final = frozenset({"deal_to_company", "5"})


def required_text(row: Json, name: str) -> str:
    """Return a text that must be there and be none of the empty ones."""
    found = text(row, name)
    if not found:
        raise FieldError(name, "a text", None)
    return found


def deal_row(
    row: Json, links: Links, names: Properties, currency: str | None, people: Pseudonymizer
) -> Row:  # fmt: skip
    """Return the row of a deal.

    Args:
        links: what the deal is linked with, by kind.
        currency: of the account.

    Raises:
        FieldError: a field is not what the API documents.
    """
    values = nested(row, "properties")
    contacts = sorted({link.other for link in links.get("contacts", [])}, key=_in_order)
    return {
        "deal_id": required_text(row, "id"),
        "amount": money(values, "amount"),
        "currency_code": _value(values, "deal_currency_code") or currency,
        "owner_id": _value(values, "hubspot_owner_id"),
        "pipeline_id": _value(values, "pipeline"),
        "stage_id": required_text(values, "dealstage"),
        "is_closed": _flag(values, "hs_is_closed"),
        "is_won": _flag(values, "hs_is_closed_won"),
        "lost_reason": _masked(_value(values, "closed_lost_reason"), people),
        "contact_id": contacts[0] if contacts else None,
        "contact_ids": _list(contacts),
        "company_id": _primary(links.get("companies", [])),
        **_source(values, people),
        # As they are: the number of a campaign looks like a phone.
        "utm_source": _value(values, "utm_source"),
        "utm_campaign": _value(values, "utm_campaign"),
        "custom_fields": packed(names.typed(values, people)),
        "created_at": _told(row, "createdAt", values, "createdate"),
        "updated_at": _told(row, "updatedAt", values, "hs_lastmodifieddate"),
        "closes_at": instant(values, "closedate"),
    }


def history_rows(row: Json) -> Iterator[Row]:
    """Yield the versions of a deal's stage, and of its pipeline and owner if there were several."""
    deal_id = required_text(row, "id")
    history = nested(row, "propertiesWithHistory")
    for name in HISTORY:
        versions = objects(history, name)
        if len(versions) == 1 and name != "dealstage":
            continue
        for version in versions:
            yield {
                "deal_id": deal_id,
                "property": name,
                "value": _value(version, "value"),
                "changed_at": required_instant(version, "timestamp"),
                "user_id": text(version, "updatedByUserId"),
                "origin": text(version, "sourceType"),
            }


def contact_row(row: Json, names: Properties, people: Pseudonymizer) -> Row:
    """Return the row of a person: pseudonyms of phones, e-mails and messenger accounts."""
    values = nested(row, "properties")
    own = names.custom.values()
    phones = [*PHONES, *(item.name for item in own if item.is_phone)]
    merged = sorted(merged_into(row), key=_in_order)
    messengers = [item.name for item in own if item.is_messenger and not item.is_phone]
    return {
        "contact_id": required_text(row, "id"),
        "phone_ids": _list(people.pseudonym("phone", one) for one in _each(values, phones)),
        "email_ids": _list(people.pseudonym("email", one) for one in _each(values, EMAILS)),
        "messenger_ids": _list(
            people.pseudonym("telegram_user", one) for one in _each(values, messengers)
        ),
        "owner_id": _value(values, "hubspot_owner_id"),
        "merged_ids": _list(merged),
        "lifecycle_stage": _value(values, "lifecyclestage"),
        **_source(values, people),
        "custom_fields": packed(names.typed(values, people)),
        "created_at": instant(values, "createdate"),
        "updated_at": _told(row, "updatedAt", values, "lastmodifieddate"),
    }


def company_row(row: Json, names: Properties, people: Pseudonymizer) -> Row:
    """Return the row of a company; its name may be a person's, so it is left out."""
    values = nested(row, "properties")
    return {
        "company_id": required_text(row, "id"),
        "owner_id": _value(values, "hubspot_owner_id"),
        "industry": _value(values, "industry"),
        "custom_fields": packed(names.typed(values, people)),
        "created_at": instant(values, "createdate"),
        "updated_at": _told(row, "updatedAt", values, "hs_lastmodifieddate"),
    }


def ticket_row(row: Json, links: Links, names: Properties, people: Pseudonymizer) -> Row:
    """Return the row of a ticket; its subject and words are left out."""
    values = nested(row, "properties")
    deals = sorted({link.other for link in links.get("deals", [])}, key=_in_order)
    return {
        "ticket_id": required_text(row, "id"),
        "deal_ids": _list(deals),
        "pipeline_id": _value(values, "hs_pipeline"),
        "stage_id": _value(values, "hs_pipeline_stage"),
        "owner_id": _value(values, "hubspot_owner_id"),
        "origin": _value(values, "source_type"),
        "custom_fields": packed(names.typed(values, people)),
        "created_at": instant(values, "createdate"),
        "updated_at": _told(row, "updatedAt", values, "hs_lastmodifieddate"),
        "closed_at": instant(values, "closed_date"),
    }


def thread_row(row: Json) -> Row:
    """Return the row of a chat."""
    actor = _value(row, "assignedTo") or ""
    return {
        "thread_id": required_text(row, "id"),
        "contact_id": _value(row, "associatedContactId"),
        "ticket_id": _value(nested(row, "threadAssociations"), "associatedTicketId"),
        "assigned_user_id": actor.removeprefix("A-") if actor.startswith("A-") else None,
        "inbox_id": _value(row, "inboxId"),
        "channel_id": _value(row, "originalChannelId"),
        "channel_account_id": _value(row, "originalChannelAccountId"),
        "status": _value(row, "status"),
        "is_spam": boolean(row, "spam"),
        "created_at": required_instant(row, "createdAt"),
        "closed_at": instant(row, "closedAt"),
        "latest_message_at": instant(row, "latestMessageTimestamp"),
    }


def merged_into(row: Json) -> set[str]:
    """Return the ids of the records that were merged into this one.

    Contacts have them as `id:milliseconds` besides.
    """
    values = nested(row, "properties")
    found = ";".join(
        _value(values, name) or "" for name in ("hs_merged_object_ids", "hs_calculated_merged_vids")
    )
    return {item.partition(":")[0].strip() for item in found.split(";")} - {"", str(row.get("id"))}


def pipeline_row(row: Json) -> Row:
    """Return the row of a pipeline."""
    return {
        "pipeline_id": required_text(row, "id"),
        "label": text(row, "label"),
        "display_order": integer(row, "displayOrder"),
        "is_archived": boolean(row, "archived"),
    }


def stage_row(row: Json, pipeline_id: str) -> Row:
    """Return the row of a stage; what it means is text in `metadata`."""
    meaning = nested(row, "metadata")
    probability = _value(meaning, "probability")
    try:
        chance = None if probability is None else float(probability)
    except ValueError:
        raise FieldError("metadata.probability", "a number", probability) from None
    return {
        "pipeline_id": pipeline_id,
        "stage_id": required_text(row, "id"),
        "label": text(row, "label"),
        "display_order": integer(row, "displayOrder"),
        "is_closed": _flag(meaning, "isClosed"),
        "probability": chance,
        "is_archived": boolean(row, "archived"),
    }


def owner_row(row: Json, people: Pseudonymizer) -> Row:
    """Return the row of an owner; names of employees are public in the company."""
    teams = objects(row, "teams")
    team = next((item for item in teams if item.get("primary")), teams[0] if teams else {})
    names = (_value(row, "firstName"), _value(row, "lastName"))
    return {
        "owner_id": required_text(row, "id"),
        # One who left has no user id, but had one.
        "user_id": _value(row, "userId") or _value(row, "userIdIncludingInactive"),
        "name": " ".join(name for name in names if name) or None,
        "email_id": people.optional("email", _value(row, "email")),
        "team": text(team, "name"),
        "is_archived": boolean(row, "archived"),
    }


def property_row(known: Property, kind: str) -> Row:
    """Return the row of a property."""
    return {
        "object_type": kind,
        "name": known.name,
        "label": known.label,
        "type": known.type,
        "field_type": known.field_type,
        "is_custom": known.is_custom,
    }


def _value(row: Json, name: str) -> str | None:
    """A text; the empty one is null."""
    return text(row, name) or None


def _flag(row: Json, name: str) -> bool | None:
    value = row.get(name)
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return boolean(row, name)


def _source(values: Json, people: Pseudonymizer) -> Row:
    return {
        "source": _value(values, "hs_analytics_source"),
        "source_detail_1": _masked(_value(values, "hs_analytics_source_data_1"), people),
        "source_detail_2": _masked(_value(values, "hs_analytics_source_data_2"), people),
    }


def _each(values: Json, names: Iterable[str]) -> list[str]:
    """The different values of some properties; one property may hold several."""
    found = (
        item.strip() for name in names for item in (_value(values, name) or "").split(";")
    )  # fmt: skip
    return [item for item in dict.fromkeys(found) if item]


def _primary(links: Sequence[Link]) -> str | None:
    ordered = sorted(links, key=lambda link: (link.label not in _PRIMARY, _in_order(link.other)))
    return ordered[0].other if ordered else None


def _told(row: Json, of_record: str, values: Json, name: str) -> datetime:
    """Return an instant that a property tells, or else the record itself."""
    return instant(values, name) or required_instant(row, of_record)


def _in_order(number: str) -> tuple[int, str]:
    """Ids are numbers, but might be others one day."""
    return (int(number), "") if number.isdigit() else (1 << 62, number)


def _list(values: Iterable[object]) -> str:
    return orjson.dumps(list(values)).decode()


def _masked(value: str | None, people: Pseudonymizer) -> str | None:
    """Hide phones and the like that people wrote into a text."""
    return people.mask(value) if value else value
