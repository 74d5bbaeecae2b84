"""Values of JSON records, typed; what does not fit is an error that names the field."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

Json = dict[str, Any]

_TOO_MUCH = Decimal(10) ** 16  # raw tables keep 18 digits, two of them behind the point
_MOST_DIGITS = 40  # of a number that somebody means
_TOO_LARGE = 2**63  # for a column of whole numbers


class FieldError(ValueError):
    """A field of a record is not what the API documents."""

    def __init__(self, name: str, wanted: str, found: object) -> None:
        kind = "nothing" if found is None else type(found).__name__
        super().__init__(f"field {name} should be {wanted}, but is {kind}")


def integer(row: Json, name: str) -> int | None:
    """Return a whole number, which some APIs send as text; null and "" are null."""
    value = row.get(name)
    if value is None or value == "":
        return None
    number: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    elif isinstance(value, str):
        with suppress(ValueError):
            number = int(value)
    if number is None or abs(number) >= _TOO_LARGE:
        raise FieldError(name, "a whole number", value)
    return number


def number(value: object) -> int | float | str | None:
    """Return a number of any size, null where it is none; what JSON's would change is a text."""
    try:
        exact = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not exact.is_finite() or abs(exact.adjusted()) > _MOST_DIGITS:
        return None
    whole = exact == exact.to_integral_value()
    if len(exact.normalize().as_tuple().digits) > sys.float_info.dig:
        return format(exact.to_integral_value() if whole else exact, "f")
    return int(exact) if whole else float(exact)


def required_integer(row: Json, name: str) -> int:
    """Return a whole number that must be there."""
    value = integer(row, name)
    if value is None:
        raise FieldError(name, "a whole number", None)
    return value


def text(row: Json, name: str) -> str | None:
    """Return a text; numbers are taken as they are written."""
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return str(value)
    raise FieldError(name, "a text", value)


def boolean(row: Json, name: str) -> bool | None:
    """Return a truth value."""
    value = row.get(name)
    if value is None or isinstance(value, bool):
        return value
    if value in (0, 1, "0", "1"):
        return str(value) == "1"
    raise FieldError(name, "true or false", value)


def money(row: Json, name: str) -> Decimal | None:
    """Return an amount of money, exact to the cent."""
    value = row.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            raise FieldError(name, "an amount of money", value) from None
        if amount.is_finite() and abs(amount) < _TOO_MUCH:
            return amount.quantize(Decimal("0.01"))
    raise FieldError(name, "an amount of money", value)


def unix_time(row: Json, name: str) -> datetime | None:
    """Return an instant from seconds since 1970; 0 is null."""
    value = integer(row, name)
    try:
        return datetime.fromtimestamp(value, UTC) if value else None
    except (ValueError, OverflowError, OSError):
        raise FieldError(name, "seconds since 1970", value) from None


def required_unix_time(row: Json, name: str) -> datetime:
    """Return an instant that must be there."""
    value = unix_time(row, name)
    if value is None:
        raise FieldError(name, "seconds since 1970", None)
    return value


def instant(row: Json, name: str) -> datetime | None:
    """Return an instant from ISO 8601 (UTC where it says no offset) or milliseconds since 1970."""
    value = row.get(name)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and not value.lstrip("-").isdigit():
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(value))
    except (ValueError, OverflowError):
        pass
    raise FieldError(name, "an instant", value)


def required_instant(row: Json, name: str) -> datetime:
    """Return an instant that must be there."""
    value = instant(row, name)
    if value is None:
        raise FieldError(name, "an instant", None)
    return value


def objects(row: Json, name: str) -> list[Json]:
    """Return a list of objects; null, a single object and PHP's empty list are taken for lists."""
    value = row.get(name)
    if value is None or value == []:
        return []
    found = [value] if isinstance(value, dict) else value
    if isinstance(found, list) and all(isinstance(item, dict) for item in found):
        return found
    raise FieldError(name, "a list of objects", value)


def nested(row: Json, name: str) -> Json:
    """Return an object; null and PHP's empty list are the empty one."""
    value = row.get(name)
    if value is None or value == []:
        return {}
    if isinstance(value, dict):
        return value
    raise FieldError(name, "an object", value)


def packed(fields: Json) -> str | None:
    """Return the custom fields of a record as one JSON object, null where there are none."""
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS).decode() if fields else None
