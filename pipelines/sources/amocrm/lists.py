"""Lists of an amoCRM account, page by page, right while records move and go on after a failure.

Records change while they are read, and then come to the front of the latest first; what is not read
yet moves to later pages, so it shows twice, never not at all. What vanishes draws the others
forward: with the filter each page is asked for by the time that was reached, so nothing depends on
numbers of pages; without it `is_exact` is false and the reader looks again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from pipelines.sources._common.api import JsonApi, UnavailableError
from pipelines.sources._common.fields import Json, nested, objects

API: Final = "api/v4"
PAGE: Final = 250
EVENT_PAGE: Final = 100  # more than that is not documented
DONE: Final = "done"  # mark of a list that was read to its end
_ASK_AGAIN: Final = 6
_UNTIL: Final = "filter[updated_at][to]"
# What a page says it answers, where it says so.
_ECHOED: Final = (
    "page", "filter[updated_at][from]", _UNTIL, "filter[created_at][from]",
    "filter[created_at][to]",
)  # fmt: skip

Place = tuple[int | None, int]
"""Where a list goes on: the time of change that was reached, and the number of the next page."""
START: Final[Place] = (None, 1)


class Lists:
    """Lists of one account.

    Attributes:
        has_filter: the account has the paid add-on; without it filters are ignored without a word.
        is_exact: nothing that vanished can have hidden a record; false once pages were counted.
    """

    def __init__(self, api: JsonApi) -> None:
        self._api = api
        self.has_filter = False
        self.is_exact = True

    def one(self, path: str, query: Json | None = None) -> Json | None:
        """Return one record, null where it is not there."""
        return self._api.get(f"{API}/{path}", query)

    def all(self, path: str, name: str, query: Json | None = None) -> Iterator[Json]:
        """Yield the records of a list, until an empty answer or the last link."""
        for rows, _ in self.numbered(path, name, {"limit": PAGE, **(query or {})}):
            yield from rows

    def numbered(
        self, path: str, name: str, query: Json, page: int = 1
    ) -> Iterator[tuple[list[Json], int]]:
        """Yield pages by their numbers, each with the number of the next one; 0: there is none."""
        while page:
            answer = self._ask(path, {**query, "page": page} if page > 1 else query, name)
            if answer is None:
                yield [], 0
                return
            page = page + 1 if _has_next(answer) else 0
            yield objects(answer["_embedded"], name), page

    def changed(
        self, entity: str, start: int | None, query: Json, place: Place = START
    ) -> Iterator[tuple[list[Json], Place | None]]:
        """Yield pages of records that changed since a moment, the latest first.

        Args:
            entity: leads, contacts or companies.
            start: UTC seconds; null: all records.
            query: parts that are wanted.
            place: where to go on.

        Yields:
            The records, and where the list goes on; null: this is its end.
        """
        query = {**query, "order[updated_at]": "desc", "limit": PAGE}
        if start is not None and self.has_filter:
            query["filter[updated_at][from]"] = start
        pages = self._by_time if self.has_filter else self._by_number
        for rows, following in pages(entity, query, place):
            kept = [row for row in rows if start is None or changed_at(row) >= start]
            ends = following is None or len(kept) < len(rows)
            yield kept, None if ends else following
            if ends:
                return

    def _by_time(
        self, entity: str, query: Json, place: Place
    ) -> Iterator[tuple[list[Json], Place | None]]:
        until, page = place
        while True:
            asked = query if until is None else {**query, _UNTIL: until}
            rows, following = next(self.numbered(entity, entity, asked, page))
            if until is not None and rows and changed_at(rows[0]) > until:
                # The filter is said to be there and is not.
                yield from self._by_number(entity, query, (until, 1))
                return
            if not following:
                yield rows, None
                return
            until, page = self._after(rows, until, page)
            yield rows, (until, page)

    def _after(self, rows: list[Json], until: int | None, page: int) -> Place:
        """Go on from the oldest record, unless most of the page is of its very second."""
        oldest = _oldest(rows)
        same = sum(changed_at(row) == oldest for row in rows)
        if oldest is None or 2 * same > len(rows):
            self.is_exact = False
            return until, page + 1
        return oldest, 1

    def _by_number(
        self, entity: str, query: Json, place: Place
    ) -> Iterator[tuple[list[Json], Place | None]]:
        self.is_exact = False
        reached, page = place
        # What vanished since drew unread records forward: go back to what was read.
        while reached is not None and page > 1:
            rows, _ = next(self.numbered(entity, entity, query, page))
            if rows and changed_at(rows[0]) >= reached:
                break
            page -= 1
        for rows, following in self.numbered(entity, entity, query, page):
            reached = _oldest(rows) or reached
            yield rows, (reached, following) if following else None

    def _ask(self, path: str, query: Json, name: str) -> Json | None:
        """Ask until the answer is to this question: a page may be served twice on its way here.

        An end is told by an empty answer: one that holds no list, as an error may, is no end.
        """
        for _ in range(_ASK_AGAIN):
            answer = self._api.get(f"{API}/{path}", query, is_list=True)
            if answer is None:
                return None
            is_list = name in nested(answer, "_embedded")
            if is_list and _answers(answer, query):
                return answer
        what = "another page than was asked for" if is_list else "without the list"
        raise UnavailableError(
            self._api.source, f"{API}/{path} answers {what}",
            "Start again later: the load goes on",
        )  # fmt: skip


def changed_at(row: Json) -> int:
    """Return the time of change in UTC seconds, 0 where it is no number."""
    value = row.get("updated_at")
    return value if isinstance(value, int) else 0


def _oldest(rows: list[Json]) -> int | None:
    return min((changed_at(row) for row in rows if changed_at(row)), default=None)


def _has_next(answer: Json) -> bool:
    return bool(nested(nested(answer, "_links"), "next").get("href"))


def _answers(answer: Json, query: Json) -> bool:
    """Whether a page is the one that was asked for, as far as it says which one it is."""
    told = parse_qs(urlsplit(_own_link(answer)).query)
    page = answer.get("_page")
    if isinstance(page, int) and page != query.get("page", 1):
        return False
    return all(
        told[name] == [str(query[name])] for name in _ECHOED if name in told and name in query
    )


def _own_link(answer: Json) -> str:
    link: Any = nested(nested(answer, "_links"), "self").get("href")
    return str(link or "")
