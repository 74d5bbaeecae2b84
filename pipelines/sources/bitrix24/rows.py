"""Bitrix24's records as rows of the raw tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
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
    required_integer,
    text,
)
from pipelines.sources._common.privacy import IdentifierKind, Pseudonymizer
from pipelines.sources.bitrix24.custom_fields import Types, custom_values

Row = dict[str, Any]
SESSION: Final = "IMOPENLINES_SESSION"
_NEVER: Final = 9999
_POINTS: Final = {"PHONE": "phone_ids", "EMAIL": "email_ids", "IM": "messenger_ids"}
_SALE_SOURCES: Final = ("utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm")


def deal_row(row: Json, types: Types, people: Pseudonymizer) -> Row:
    """Return the row of a deal.

    Raises:
        FieldError: a field is not what the API documents.
    """
    return {
        "deal_id": required_integer(row, "id"),
        "category_id": required_integer(row, "categoryId"),
        "lead_id": _reference(row, "leadId"),
        **_sale(row, people),
        **_kept(row, types, people),
    }


def lead_row(row: Json, types: Types, people: Pseudonymizer) -> Row:
    """Return the row of a lead; it may have phones of its own, without a contact."""
    return {
        "lead_id": required_integer(row, "id"),
        **_sale(row, people),
        **_reached_by(row, people),
        **_kept(row, types, people),
    }


def contact_row(row: Json, types: Types, people: Pseudonymizer) -> Row:
    """Return the row of a person: pseudonyms of phones, e-mails and messenger accounts."""
    return {
        "contact_id": required_integer(row, "id"),
        "company_id": _reference(row, "companyId"),
        "lead_id": _reference(row, "leadId"),
        **_reached_by(row, people),
        **_kept(row, types, people),
    }


def company_row(row: Json, types: Types, people: Pseudonymizer) -> Row:
    """Return the row of a company; its name may be a person's, so it is left out."""
    return {
        "company_id": required_integer(row, "id"),
        **_reached_by(row, people),
        **_kept(row, types, people),
    }


def history_row(row: Json, entity_type: str) -> Row:
    """Return the row of a step; a lead's stage has another name than a deal's."""
    stage = text(row, "STAGE_ID") or text(row, "STATUS_ID")
    if not stage:
        raise FieldError("STAGE_ID", "a text", None)
    return {
        "entity_type": entity_type,
        "history_id": required_integer(row, "ID"),
        "type_id": required_integer(row, "TYPE_ID"),
        "owner_id": required_integer(row, "OWNER_ID"),
        "category_id": integer(row, "CATEGORY_ID"),
        "stage_id": stage,
        "created_at": required_instant(row, "CREATED_TIME"),
    }


def activity_row(row: Json, people: Pseudonymizer) -> Row:
    """Return the row of a session of an open line, or of a thing to do.

    `ASSOCIATED_ENTITY_ID` is a session only of the former; the far end of time is no deadline.
    """
    provider = text(row, "PROVIDER_ID")
    if not provider:
        raise FieldError("PROVIDER_ID", "a text", None)
    is_session = provider == SESSION
    code = text(nested(row, "PROVIDER_PARAMS"), "USER_CODE") if is_session else None
    deadline = _date(row, "DEADLINE")
    owner = f"{required_integer(row, 'OWNER_TYPE_ID')}:{required_integer(row, 'OWNER_ID')}"
    return {
        "activity_id": required_integer(row, "ID"),
        "provider_id": provider,
        "bound_to": _list([owner]),
        "session_id": _reference(row, "ASSOCIATED_ENTITY_ID") if is_session else None,
        "line_id": text(row, "PROVIDER_TYPE_ID") if is_session else None,
        "connector_id": code.partition("|")[0] if code else None,
        "thread_id": people.optional("thread", code),
        "responsible_id": _reference(row, "RESPONSIBLE_ID"),
        "is_completed": row.get("COMPLETED") == "Y",
        "started_at": _date(row, "START_TIME"),
        "ended_at": _date(row, "END_TIME"),
        "deadline_at": None if deadline and deadline.year >= _NEVER else deadline,
        "created_at": required_instant(row, "CREATED"),
        "updated_at": required_instant(row, "LAST_UPDATED"),
    }


def bound_to(owner: Row, bindings: list[Json]) -> Row:
    """Return the row of an activity with all that it is bound to."""
    bound = [
        f"{required_integer(item, 'entityTypeId')}:{required_integer(item, 'entityId')}"
        for item in bindings
    ]
    return owner | {"bound_to": _list(dict.fromkeys([*orjson.loads(owner["bound_to"]), *bound]))}


def category_row(row: Json) -> Row:
    """Return the row of a pipeline."""
    return {
        "category_id": required_integer(row, "id"),
        "name": text(row, "name"),
        "sort": integer(row, "sort"),
    }


def status_row(row: Json) -> Row:
    """Return the row of a dictionary's entry, as a stage is."""
    entity, status = text(row, "ENTITY_ID"), text(row, "STATUS_ID")
    if not entity or not status:
        raise FieldError("STATUS_ID", "a text", None)
    return {
        "entity_id": entity,
        "status_id": status,
        "category_id": integer(row, "CATEGORY_ID"),
        "name": text(row, "NAME"),
        "sort": integer(row, "SORT"),
        "semantics": text(row, "SEMANTICS"),
    }


def currency_row(row: Json) -> Row:
    """Return the row of a currency with today's rate, exact as it is written."""
    code = text(row, "CURRENCY")
    if not code:
        raise FieldError("CURRENCY", "a text", None)
    try:
        rate = Decimal(text(row, "AMOUNT") or "")
    except InvalidOperation:
        rate = None
    return {
        "currency_code": code, "rate": rate, "units": integer(row, "AMOUNT_CNT"),
        "is_base": row.get("BASE") == "Y",
    }  # fmt: skip


def user_row(row: Json, people: Pseudonymizer) -> Row:
    """Return the row of an employee; names of employees are public in the company."""
    name = " ".join(part for part in (text(row, "NAME"), text(row, "LAST_NAME")) if part)
    return {
        "user_id": required_integer(row, "ID"),
        "name": name or None,
        "email_id": people.optional("email", text(row, "EMAIL")),
        "is_active": boolean(row, "ACTIVE"),
        "author_id": author_of_user(required_integer(row, "ID"), people),
    }


def author_of_user(number: int, people: Pseudonymizer) -> str:
    """Return how messages call a user of the portal, a person or a bot."""
    return people.pseudonym("author", f"bitrix24 user {number}")


def line_row(row: Json) -> Row:
    """Return the row of an open line."""
    return {
        "line_id": str(required_integer(row, "ID")),
        "name": text(row, "LINE_NAME"),
        "is_active": row.get("ACTIVE") == "Y",
    }


def _sale(row: Json, people: Pseudonymizer) -> Row:
    stage = text(row, "stageId")
    if not stage:
        raise FieldError("stageId", "a text", None)
    contacts = row.get("contactIds") or []
    if not isinstance(contacts, list):
        raise FieldError("contactIds", "a list", contacts)
    utm = dict(
        zip(
            ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
            (_masked(text(row, name), people) for name in _SALE_SOURCES),
            strict=True,
        )
    )
    return {
        "stage_id": stage,
        "stage_semantic_id": text(row, "stageSemanticId"),
        "opportunity": money(row, "opportunity"),
        "currency_code": text(row, "currencyId") or None,
        "contact_id": _reference(row, "contactId"),
        "contact_ids": _list(required_integer({"contactIds": item}, "contactIds")
                             for item in contacts),
        "company_id": _reference(row, "companyId"),
        "created_by": _reference(row, "createdBy"),
        "moved_at": _date(row, "movedTime"),
        "source_id": text(row, "sourceId") or None,
        **utm,
    }  # fmt: skip


def _kept(row: Json, types: Types, people: Pseudonymizer) -> Row:
    return {
        "assigned_by_id": _reference(row, "assignedById"),
        "custom_fields": packed(custom_values(row, types, people)),
        "created_at": required_instant(row, "createdTime"),
        "updated_at": required_instant(row, "updatedTime"),
    }


def _reached_by(row: Json, people: Pseudonymizer) -> Row:
    points: dict[str, list[str]] = {column: [] for column in _POINTS.values()}
    for item in objects(row, "fm"):
        column = _POINTS.get(str(item.get("typeId")))
        value = text(item, "value")
        if column is None or not value or not value.strip():
            continue
        kind: IdentifierKind = "phone" if column == "phone_ids" else "email"
        if column == "messenger_ids":
            kind, value = messenger_account(value, str(item.get("valueType")))
        points[column].append(people.pseudonym(kind, value))
    return {column: _list(dict.fromkeys(found)) for column, found in points.items()}


def messenger_account(value: str, way: str) -> tuple[IdentifierKind, str]:
    """Return whose account it is: `imol|connector|line|chat|user` names that of the messenger."""
    parts = value.split("|")
    if parts[0] == "imol" and len(parts) > 3:
        if parts[1] == "telegrambot":
            # As exports of Telegram call the same person.
            return "telegram_user", f"user{parts[3]}"
        return "contact", f"{parts[1]}|{parts[3]}"
    return ("telegram_user", value) if way == "TELEGRAM" else ("handle", value)


def _date(row: Json, name: str) -> datetime | None:
    """Return an instant; PHP's empty object is none."""
    return None if row.get(name) in ([], {}) else instant(row, name)


def _reference(row: Json, name: str) -> int | None:
    """Return the id of another record; 0 is none."""
    return integer(row, name) or None


def _list(values: Iterable[object]) -> str:
    return orjson.dumps(list(values)).decode()


def _masked(value: str | None, people: Pseudonymizer) -> str | None:
    """Hide phones and the like that people wrote into a text."""
    return people.mask(value) if value else None
