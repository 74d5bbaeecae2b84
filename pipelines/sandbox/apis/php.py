"""PHP's way with queries: brackets make lists and objects, and an empty object is an empty list."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl

_BRACKETS: Final = re.compile(r"\[([^\]]*)\]")
_REFERENCE: Final = re.compile(r"\$result((?:\[[^\]]*\])+)")


def parse_query(query: str) -> dict[str, Any]:
    """Return what PHP's parse_str makes of a query: `a[b]=1&c[]=2` is `{"a": {"b": "1"}, ...}`."""
    return nest(parse_qsl(query, keep_blank_values=True))


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the object that named values make; lists stay objects with whole numbers as keys."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        begin = name.find("[")
        path = [name] if begin < 0 else [name[:begin], *_BRACKETS.findall(name[begin:])]
        place = found
        for part, following in zip(path, [*path[1:], None], strict=True):
            key = part or str(len(place))
            if following is None:
                place[key] = value
            else:
                place = place.setdefault(key, {})
    return found


def as_list(value: Any) -> list[Any]:
    """Return the values of a list in either form; a single value is a list of one."""
    if isinstance(value, dict):
        return list(value.values())
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def empty_as_list(value: dict[str, Any]) -> dict[str, Any] | list[Any]:
    """Return an object as PHP encodes it."""
    return value or []


def resolve(value: Any, results: dict[str, Any]) -> Any:
    """Put results of earlier commands in place of `$result[...]`; what is not there is null."""
    if isinstance(value, dict):
        return {key: resolve(item, results) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, results) for item in value]
    if not isinstance(value, str) or (found := _REFERENCE.fullmatch(value)) is None:
        return value
    place: Any = results
    for part in _BRACKETS.findall(found.group(1)):
        if isinstance(place, dict):
            place = place.get(part)
        elif isinstance(place, list) and part.isdigit() and int(part) < len(place):
            place = place[int(part)]
        else:
            return None
    return place
