"""HubSpot's search over the emulated CRM: filters, one order, and an index that is behind."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pipelines.sandbox.apis.hubspot_records import Records

_MAX_LIMIT: Final = 200
_MAX_GROUPS: Final = 5
_MAX_FILTERS: Final = 6
_REQUIRED: Final = ("after", "filterGroups", "limit", "properties", "sorts")
_CHANGED: Final = ("hs_lastmodifieddate", "lastmodifieddate")


class SearchError(Exception):
    """A search that is refused."""


def search(records: Records, kind: str, body: Mapping[str, Any], indexed_until: int) -> list[int]:
    """Return the ids that are found, in order.

    Raises:
        SearchError: what is asked is not allowed.
    """
    absent = [name for name in _REQUIRED if name not in body]
    if absent:
        raise SearchError(f"Some required fields were not set: {absent}")
    groups = body["filterGroups"]
    if not 0 < int(body["limit"]) <= _MAX_LIMIT or len(body["sorts"]) > 1:
        raise SearchError("limit or sorts are not allowed")
    if len(groups) > _MAX_GROUPS or any(len(item["filters"]) > _MAX_FILTERS for item in groups):
        raise SearchError("There are too many filters")
    behind = _behind_an_id(body, groups)
    if behind is not None and indexed_until >= records.now:
        # Of a large account it is asked for time and again, and only looks at ids.
        ids = records.ids(kind, archived=False)
        return ids[bisect_right(ids, behind) :]
    change = _CHANGED[1] if kind == "contacts" else _CHANGED[0]
    known: dict[int, int] = {}
    for number in records.live(kind):
        created, changed = records.times(kind, number)
        if created <= indexed_until:
            # Of a change that the index does not know yet it shows what was before.
            known[number] = changed if changed <= indexed_until else created

    def value(number: int, name: str) -> Any:
        if name in _CHANGED:
            return known[number] * 1000 if name == change else None
        return number if name == "hs_object_id" else _comparable(
            records.properties(kind, number).get(name)
        )  # fmt: skip

    found = [
        number
        for number in known
        if not groups
        or any(all(_fits(value(number, item["propertyName"]), item) for item in group["filters"])
               for group in groups)
    ]  # fmt: skip
    order = body["sorts"][0] if body["sorts"] else {"propertyName": "createdate"}
    found.sort(
        key=lambda number: (value(number, order["propertyName"]) or 0, number),
        reverse=order.get("direction") == "DESCENDING",
    )
    return found


def _behind_an_id(body: Mapping[str, Any], groups: Any) -> int | None:
    """Return the id behind which all records are asked for in order; null: it is another search."""
    filters = groups[0]["filters"] if len(groups) == 1 else []
    sorts = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
    if body["sorts"] != sorts or len(filters) != 1:
        return None
    asked = filters[0]["propertyName"], filters[0]["operator"]
    return int(filters[0]["value"]) if asked == ("hs_object_id", "GT") else None


def _fits(value: Any, wanted: Mapping[str, Any]) -> bool:
    operator = str(wanted["operator"])
    if operator == "HAS_PROPERTY" or operator == "NOT_HAS_PROPERTY":
        return bool((value is not None) == (operator == "HAS_PROPERTY"))
    if operator in ("IN", "NOT_IN"):
        is_in = value in [_number(item) for item in wanted["values"]]
        return is_in == (operator == "IN")
    limit = _number(wanted["value"])
    if value is None or isinstance(value, str) != isinstance(limit, str):
        return operator == "NEQ"
    match operator:
        case "EQ":
            return bool(value == limit)
        case "NEQ":
            return bool(value != limit)
        case "LT":
            return bool(value < limit)
        case "LTE":
            return bool(value <= limit)
        case "GT":
            return bool(value > limit)
        case "GTE":
            return bool(value >= limit)
        case "BETWEEN":
            return bool(limit <= value <= _number(wanted["highValue"]))
    raise SearchError(f"{operator} is no operator")


def _number(value: Any) -> int | str:
    """Numbers and instants (milliseconds) are filtered as text."""
    text = str(value)
    return int(text) if text.lstrip("-").isdigit() else text


def _comparable(value: str | None) -> int | str | None:
    if value is None or value == "":
        return None
    if value.endswith("Z"):
        moment = datetime.fromisoformat(value.removesuffix("Z")).replace(tzinfo=UTC)
        return int(moment.timestamp() * 1000)
    return _number(value)
