"""Custom fields of Bitrix24: their definitions, and the typed values of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from pipelines.sources._common.fields import (
    FieldError,
    Json,
    boolean,
    instant,
    integer,
    money,
    number,
    objects,
    required_integer,
    text,
)
from pipelines.sources._common.privacy import Pseudonymizer

Row = dict[str, Any]
Types = Mapping[str, str]
"""Types of custom fields by the name of the field."""


# Files are known by their number: their addresses open them for whoever has them.
_FILES: Final = frozenset({"file", "disk_file"})


def field_rows(name: str, row: Json, entity_type: str) -> tuple[Row, list[Row]]:
    """Return the definition of a custom field, and the items that one chooses from."""
    where: Row = {"entity_type": entity_type, "field_id": name}
    definition = where | {
        "name": text(row, "title"),
        "code": text(row, "upperName"),
        "type": text(row, "type"),
        "is_multiple": boolean(row, "isMultiple"),
    }
    items = [
        where | {"item_id": required_integer(item, "ID"), "name": text(item, "VALUE")}
        for item in objects(row, "items")
    ]
    return definition, items


def custom_values(row: Json, types: Types, people: Pseudonymizer) -> dict[str, object]:
    """Return the values of a record's custom fields by the field's name, typed.

    The currency of an amount is a value of its own, at the name with `:currency`. A value that is
    not of the field's type, which may have been changed since, stays a text.
    """
    found: dict[str, object] = {}
    for name, value in row.items():
        if not name.startswith("ufCrm"):
            continue
        kind = types.get(name, "string")
        values = value if isinstance(value, list) else [value]
        pairs = [
            (typed, item)
            for item in values
            if (typed := _typed_or_text(name, kind, item, people)) is not None
        ]
        if not pairs:
            continue
        is_list = isinstance(value, list)
        found[name] = [typed for typed, _ in pairs] if is_list else pairs[0][0]
        if kind == "money":
            codes = [str(item).partition("|")[2].strip() or None for _, item in pairs]
            if any(codes):
                found[f"{name}:currency"] = codes if is_list else codes[0]
    return found


def _typed_or_text(name: str, kind: str, value: object, people: Pseudonymizer) -> object:
    """Return a value, null where there is none: PHP says so in many ways."""
    if value is None or value in ("", [], {}) or (value is False and kind != "boolean"):
        return None
    try:
        return _typed(name, kind, value, people)
    except FieldError:
        said = value if isinstance(value, str) else orjson.dumps(value).decode()
        return people.mask(said)


def _typed(name: str, kind: str, value: object, people: Pseudonymizer) -> object:
    given = {name: value}
    if kind in ("integer", "enumeration", "employee"):
        return integer(given, name)
    if kind == "double":
        found = number(value)
        if found is None:
            raise FieldError(name, "a number", value)
        return found
    if kind == "money":
        # As text: JSON's numbers would lose cents of large amounts.
        amount = money({name: (text(given, name) or "").partition("|")[0].strip()}, name)
        return None if amount is None else str(amount)
    if kind == "boolean":
        return value in (True, 1, "1", "Y")
    if kind == "datetime":
        moment = instant(given, name)
        return moment.isoformat() if moment else None
    if kind == "date":
        # Midnight of the portal's zone stands for the day.
        return (text(given, name) or "")[:10]
    if kind in _FILES or isinstance(value, dict):
        return integer(value, "id") if isinstance(value, dict) else text(given, name)
    return people.mask(value) if isinstance(value, str) else value
