"""Lists of Bitrix24: filters with prefixes, the order, and pages of 50."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from pipelines.sandbox.apis.php import as_list

PAGE: Final = 50
_PREFIXES: Final = ("!@", "!=", ">=", "<=", "@", "!", "=", ">", "<")


class BadRequestError(Exception):
    """A command that the API refuses."""

    def __init__(self, code: str, said: str, status: int = 400) -> None:
        super().__init__(said)
        self.code, self.said, self.status = code, said, status


@dataclass
class Table:
    """Records in the order of their ids.

    Attributes:
        values: what may be filtered by; times as seconds.
        times: those of them that are times.
        strict: whether unknown fields are refused, as the newer methods do.
    """

    ids: Sequence[int]
    record: Callable[[int], Any]
    values: Mapping[str, Callable[[Any], Any]]
    times: frozenset[str] = frozenset()
    key: str = "id"
    strict: bool = True

    def found(self, given: dict[str, Any]) -> Iterator[Any]:
        """Yield the records that a filter lets through."""
        begin, end, tests = 0, len(self.ids), []
        for name, wanted in given.items():
            prefix = next((mark for mark in _PREFIXES if name.startswith(mark)), "=")
            field = name.removeprefix(prefix)
            if field not in self.values:
                if self.strict:
                    raise BadRequestError(
                        "INVALID_ARG_VALUE",
                        f"Invalid filter: field '{field}' is not allowed in filter",
                    )
                continue
            if field == self.key and prefix == ">":
                begin = max(begin, bisect_right(self.ids, int(wanted or 0)))
            elif field == self.key and prefix == "<=":
                end = min(end, bisect_right(self.ids, int(wanted or 0)))
            elif field == self.key and prefix == "<":
                end = min(end, bisect_left(self.ids, int(wanted or 0)))
            else:
                tests.append(self._test(field, prefix, wanted))
        for number in self.ids[begin:end]:
            record = self.record(number)
            if all(test(record) for test in tests):
                yield record

    def _test(self, field: str, prefix: str, wanted: Any) -> Callable[[Any], bool]:
        value = self.values[field]
        negative = prefix.startswith("!")
        if prefix in (">=", "<=", ">", "<"):
            bound = self._plain(field, wanted)
            return {
                ">=": lambda row: value(row) >= bound,
                "<=": lambda row: value(row) <= bound,
                ">": lambda row: value(row) > bound,
                "<": lambda row: value(row) < bound,
            }[prefix]
        choices = {str(self._plain(field, item)) for item in as_list(wanted)}
        return lambda row: (str(value(row)) in choices) is not negative

    def _plain(self, field: str, wanted: Any) -> Any:
        try:
            if field in self.times:
                return int(datetime.fromisoformat(str(wanted)).timestamp())
            return int(wanted) if str(wanted).lstrip("-").isdigit() else wanted
        except ValueError:
            raise BadRequestError(
                "INVALID_ARG_VALUE", f"Invalid filter: field '{field}' has invalid value"
            ) from None


def page(table: Table, given: dict[str, Any]) -> tuple[list[Any], int | None, int | None]:
    """Return the records of a page, the total and the next start, both null with `start=-1`."""
    order = {str(name): str(how).upper() for name, how in (given.get("order") or {}).items()}
    backwards = order.get(table.key) == "DESC"
    if set(order) - {table.key} or set(order.values()) - {"ASC", "DESC"}:
        raise BadRequestError("INVALID_ARG_VALUE", "Invalid order: field is not allowed in order")
    start = int(given.get("start") or 0)
    found = table.found(dict(given.get("filter") or {}))
    if start < 0 and not backwards:
        return list(islice(found, PAGE)), None, None
    every = list(found)
    if backwards:
        every.reverse()
    if start < 0:
        return every[:PAGE], None, None
    following = start + PAGE if start + PAGE < len(every) else None
    return every[start : start + PAGE], len(every), following
