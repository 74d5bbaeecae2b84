"""amoCRM's records as rows of the raw tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import orjson

from pipelines.sources._common.fields import (
    FieldError,
    Json,
    boolean,
    integer,
    money,
    nested,
    number,
    objects,
    packed,
    required_integer,
    required_unix_time,
    text,
    unix_time,
)
from pipelines.sources._common.privacy import IdentifierKind, Pseudonymizer

Row = dict[str, Any]

_AMOUNTS: Final = frozenset({"monetary", "price"})
_DATES: Final = frozenset({"date", "date_time", "birthday"})
# Fields of people whose values are identifiers: they are never kept as they are.
_IDENTIFIERS: Final[dict[str, tuple[str, IdentifierKind]]] = {
    "PHONE": ("phone_ids", "phone"),
    "EMAIL": ("email_ids", "email"),
    "IM": ("messenger_ids", "telegram_user"),
}


def lead_row(row: Json, currency: str | None, people: Pseudonymizer) -> Row:
    """Return the row of a deal.

    Raises:
        FieldError: a field is not what the API documents.
    """
    embedded = nested(row, "_embedded")
    contacts = objects(embedded, "contacts")
    main = next((item for item in contacts if item.get("is_main")), contacts[0] if contacts else {})
    companies = objects(embedded, "companies")
    return {
        "lead_id": required_integer(row, "id"),
        "price": money(row, "price"),
        "currency_code": currency,
        "responsible_user_id": integer(row, "responsible_user_id"),
        "pipeline_id": required_integer(row, "pipeline_id"),
        "status_id": required_integer(row, "status_id"),
        "loss_reason_id": integer(row, "loss_reason_id"),
        "contact_id": integer(main, "id"),
        "contact_ids": _list(required_integer(item, "id") for item in contacts),
        "company_id": integer(companies[0], "id") if companies else None,
        "origin": text(next(iter(objects(embedded, "source")), {}), "name"),
        "utm_source": _coded(row, "UTM_SOURCE"),
        "utm_campaign": _coded(row, "UTM_CAMPAIGN"),
        "tags": _list(text(item, "name") for item in objects(embedded, "tags")),
        "custom_fields": packed(custom_values(row, people)),
        "created_by": integer(row, "created_by"),
        "created_at": required_unix_time(row, "created_at"),
        "updated_at": required_unix_time(row, "updated_at"),
        "closed_at": unix_time(row, "closed_at"),
    }


def contact_row(row: Json, people: Pseudonymizer) -> Row:
    """Return the row of a person: pseudonyms of phones, e-mails and messenger accounts."""
    return {
        "contact_id": required_integer(row, "id"),
        **_points(row, people),
        "responsible_user_id": integer(row, "responsible_user_id"),
        "lead_ids": _list(
            required_integer(item, "id") for item in objects(nested(row, "_embedded"), "leads")
        ),
        "custom_fields": packed(custom_values(row, people)),
        "created_at": unix_time(row, "created_at"),
        "updated_at": required_unix_time(row, "updated_at"),
    }


def company_row(row: Json, people: Pseudonymizer) -> Row:
    """Return the row of a company; its name may be a person's, so it is left out."""
    points = _points(row, people)
    return {
        "company_id": required_integer(row, "id"),
        "phone_ids": points["phone_ids"],
        "email_ids": points["email_ids"],
        "custom_fields": packed(custom_values(row, people)),
        "created_at": unix_time(row, "created_at"),
        "updated_at": required_unix_time(row, "updated_at"),
    }


def pipeline_row(row: Json) -> Row:
    """Return the row of a pipeline."""
    return {
        "pipeline_id": required_integer(row, "id"),
        "name": text(row, "name"),
        "sort": integer(row, "sort"),
        "is_archive": boolean(row, "is_archive"),
    }


def status_row(row: Json, pipeline_id: int) -> Row:
    """Return the row of a stage; 142 and 143 are in every pipeline."""
    return {
        "pipeline_id": pipeline_id,
        "status_id": required_integer(row, "id"),
        "name": text(row, "name"),
        "sort": integer(row, "sort"),
    }


def user_row(row: Json, people: Pseudonymizer) -> Row:
    """Return the row of an employee; names of employees are public in the company."""
    return {
        "user_id": required_integer(row, "id"),
        "name": text(row, "name"),
        "email_id": people.optional("email", text(row, "email")),
        "is_active": boolean(nested(row, "rights"), "is_active"),
    }


def loss_reason_row(row: Json) -> Row:
    """Return the row of a reason."""
    return {"loss_reason_id": required_integer(row, "id"), "name": text(row, "name")}


def custom_field_row(row: Json, entity_type: str) -> Row:
    """Return the definition of a custom field."""
    return {
        "entity_type": entity_type,
        "field_id": required_integer(row, "id"),
        "name": text(row, "name"),
        "code": text(row, "code"),
        "type": text(row, "type"),
    }


def event_row(row: Json) -> Row:
    """Return the row of an event of the history."""
    before = next(iter(objects(row, "value_before")), {})
    after = next(iter(objects(row, "value_after")), {})
    came_from, went_to = nested(before, "lead_status"), nested(after, "lead_status")
    event_id = text(row, "id")
    if not event_id:
        raise FieldError("id", "a text", None)
    return {
        "event_id": event_id,
        "type": text(row, "type"),
        "entity_type": text(row, "entity_type"),
        "entity_id": required_integer(row, "entity_id"),
        "created_by": integer(row, "created_by"),
        "created_at": required_unix_time(row, "created_at"),
        "from_pipeline_id": integer(came_from, "pipeline_id"),
        "from_status_id": integer(came_from, "id"),
        "to_pipeline_id": integer(went_to, "pipeline_id"),
        "to_status_id": integer(went_to, "id"),
        "from_user_id": integer(nested(before, "responsible_user"), "id"),
        "to_user_id": integer(nested(after, "responsible_user"), "id"),
    }


def custom_values(row: Json, people: Pseudonymizer) -> dict[str, object]:
    """Return the values of a record's custom fields by field id, typed; several values: a list.

    What is not of the field's type, which may have been changed since, stays a text; phones and the
    like that people wrote into texts are masked.
    """
    found: dict[str, object] = {}
    for field in objects(row, "custom_fields_values"):
        if str(field.get("field_code") or "").upper() in _IDENTIFIERS:
            continue
        kind = str(field.get("field_type"))
        values = [_typed_or_text(kind, value, people) for value in objects(field, "values")]
        key = str(required_integer(field, "field_id"))
        found[key] = values[0] if len(values) == 1 else values
    return found


def _typed_or_text(kind: str, value: Json, people: Pseudonymizer) -> object:
    raw = value.get("value")
    if raw is None or raw == "":
        return None
    try:
        typed = _typed(kind, value)
    except FieldError:
        typed = None
    return _masked(raw, people) if typed is None else typed


def _typed(kind: str, value: Json) -> object:
    """Return a value of a type that no person is named in; null where it is none."""
    if kind == "numeric":
        return number(value["value"])
    if kind in _AMOUNTS:
        # As text: JSON's numbers would lose cents of large amounts.
        return str(money(value, "value"))
    if kind in _DATES:
        raw = value["value"]
        if isinstance(raw, str) and not raw.lstrip("-").isdigit():
            return raw if _is_date(raw) else None
        moment = unix_time(value, "value")
        return moment.isoformat() if moment else None
    return None


def _is_date(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _points(row: Json, people: Pseudonymizer) -> dict[str, str]:
    """Return the pseudonyms of phones, e-mails and messenger accounts, as lists by column."""
    points: dict[str, list[str]] = {column: [] for column, _ in _IDENTIFIERS.values()}
    for field in objects(row, "custom_fields_values"):
        known = _IDENTIFIERS.get(str(field.get("field_code") or "").upper())
        if known is None:
            continue
        column, kind = known
        for value in objects(field, "values"):
            original = text(value, "value")
            if original and original.strip():
                points[column].append(people.pseudonym(kind, original))
    return {column: _list(found) for column, found in points.items()}


def _coded(row: Json, code: str) -> str | None:
    """Return the first value of the field with that code; names of fields may be changed."""
    for field in objects(row, "custom_fields_values"):
        if str(field.get("field_code") or "").upper() == code:
            return next((text(value, "value") for value in objects(field, "values")), None)
    return None


def _list(values: Iterable[object]) -> str:
    return orjson.dumps(list(values)).decode()


def _masked(value: object, people: Pseudonymizer) -> object:
    if isinstance(value, str):
        return people.mask(value)
    if isinstance(value, list):
        return [_masked(item, people) for item in value]
    if isinstance(value, dict):
        return {key: _masked(item, people) for key, item in value.items()}
    return value
