"""Which records vanished: the portal lists neither deletions nor merges.

The records of a range of ids are counted, many ranges in one request. Where the number is another
than expected, the ids of that range are read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from pipelines.sources.bitrix24.api import Command, Portal
from pipelines.sources.bitrix24.lists import PAGE, Pages, chunks, read_lists

_RANGE: Final = 40 * PAGE  # records whose ids are read where their number is wrong


@dataclass
class Differences:
    """What is gone of that expected, and what is there beyond it."""

    gone: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)


@dataclass
class Vanished:
    """Looks for records of one kind."""

    portal: Portal
    kind: int

    def look(self, expected: set[int]) -> Differences:
        """Compare the portal with the ids that are expected there.

        One that came back and one that went away within a range, both unnoticed, cancel each other
        out; a reading of everything finds them.
        """
        numbers = sorted(expected)
        ranges = _ranges(numbers)
        found = Differences()
        for chunk in chunks(ranges, self.portal.commands):
            counted = self._count(where for where, _ in chunk)
            wrong = [item for item, total in zip(chunk, counted, strict=True) if total != item[1]]
            there: set[int] = set()
            read_lists(self.portal, [self._ids(where, there) for where, _ in wrong])
            for where, _ in wrong:
                begin = bisect_right(numbers, where[">id"])
                end = bisect_right(numbers, where["<=id"]) if "<=id" in where else None
                found.gone |= set(numbers[begin:end]) - there
            found.unknown |= there - expected
        return found

    def _count(self, ranges: Iterable[Mapping[str, Any]]) -> list[int | None]:
        asked = {
            f"c{self.kind}x{where['>id']}": Command(
                "crm.item.list",
                {"entityTypeId": self.kind, "select": ["id"], "filter": where, "start": 0},
            )
            for where in ranges
        }
        answers = self.portal.all_of(asked)
        return [answers[key].total for key in asked]

    def _ids(self, where: Mapping[str, Any], there: set[int]) -> Pages:
        low, rest = where[">id"], {name: item for name, item in where.items() if name != ">id"}
        return Pages(
            "crm.item.list", {"entityTypeId": self.kind, "select": ["id"]}, rest,
            lambda row: there.add(int(row["id"])), before=low,
        )  # fmt: skip


def _ranges(numbers: list[int]) -> list[tuple[dict[str, int], int]]:
    """Return filters of ranges with the number of records in each; the last one has no end."""
    ends = [0, *numbers[_RANGE - 1 :: _RANGE]]
    found = [
        ({">id": low, "<=id": high}, _RANGE) for low, high in pairwise(ends)
    ]  # fmt: skip
    return [*found, ({">id": ends[-1]}, len(numbers) - _RANGE * (len(ends) - 1))]
