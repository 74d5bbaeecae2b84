"""The first load of HubSpot's records: whole lists, in windows that are read at once and go on.

A list is in the order of ids and its cursor names the id that the next page begins with, which the
vendor does not promise. So a window begins where the search says that it should, and the one before
it is read until it meets what this one began with: where a cursor is refused, or means something
else, the window before goes on to the end of the list.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise
from typing import Any, Final

from pipelines.sources._common.api import AnswerError
from pipelines.sources._common.crm import Reading
from pipelines.sources._common.fields import Json
from pipelines.sources._common.parallel import Task, together
from pipelines.sources.hubspot.objects import Fits, Page, RepeatedError
from pipelines.sources.hubspot.paths import ObjectKind

WINDOW: Final = 3_000  # records; a search ends at 10 000
_SHORT: Final = 10  # pages that are read before a list counts as long
# Answers take up to a second: so many threads use what the limit of most plans allows.
_THREADS: Final = 8

Window = dict[str, Any]
"""A part of a list and how far it was read, among the marks of a reading.

`begin` and `end` are ids (null: of the list), `first` and `last` those that were met, `after` is
the next cursor; `is_read` and `is_refused` say that it ended, or that it could not begin.
"""


@dataclass(frozen=True)
class Reads:
    """What a kind of records needs.

    Attributes:
        pages: of its list behind a cursor; pages that do not fit are asked for again.
        prepare: asks for the rest of a page; what it returns keeps the records.
        id_behind: of a record so many places behind an id, as the search knows it.
    """

    pages: Callable[[str | None, Fits], Iterator[Page]]
    prepare: Callable[[list[Json]], Callable[[], None]]
    id_behind: Callable[[int, int], int | None]


class FirstLoad:
    """Reads whole lists, or the rest of them after a load that failed."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._windows: dict[str, list[Window]] = reading.marks.setdefault("windows", {})

    def read(self, kinds: Mapping[ObjectKind, Reads], also: Sequence[Task]) -> None:
        """Read the lists of these kinds, and what else is to be read beside them."""
        together(
            [*also, *(partial(self._begin, kind, reads) for kind, reads in kinds.items())], _THREADS
        )
        together(
            [partial(self._close, reads, self._windows[kind]) for kind, reads in kinds.items()],
            _THREADS,
        )

    def _begin(self, kind: ObjectKind, reads: Reads, stop: threading.Event) -> list[Task]:
        """Read the first pages of a list; what is long goes on in windows."""
        with self._reading.lock:
            windows = self._windows.setdefault(kind, [_window(None)])
        if windows[0]["after"] is None:
            self._read(reads, windows[0], stop, most=_SHORT)
        left = [window for window in windows if not window["is_read"]]
        tasks: list[Task] = [partial(self._read, reads, window) for window in left]
        # A list that is divided in part has an open end.
        return [*tasks, partial(self._divide, kind, reads)] if windows[-1] in left else tasks

    def _divide(self, kind: ObjectKind, reads: Reads, stop: threading.Event) -> list[Task]:
        """Begin another window behind the last one."""
        last = self._windows[kind][-1]
        edge = reads.id_behind(max(_number(last["begin"]), _number(last["last"])), WINDOW)
        if edge is None or stop.is_set():
            return []
        following = _window(str(edge))
        with self._reading.lock:
            last["end"] = str(edge)
            self._windows[kind].append(following)
        return [partial(self._read, reads, following), partial(self._divide, kind, reads)]

    def _read(
        self, reads: Reads, window: Window, stop: threading.Event, most: int | None = None
    ) -> None:
        """Read a window from where it stands, until a record that is no more of it.

        Args:
            most: pages to read.
        """
        place, reached = window["after"], window["last"]
        if window["is_read"] or window["is_refused"]:
            return
        try:
            self._advance(reads, window, stop, most)
        except (AnswerError, RepeatedError):
            if place is None or window["last"] != reached:
                raise
            # The cursor is none, or none any more.
            window["is_refused"] = place == window["begin"]
            window["after"], window["last"] = window["begin"], None
            self._read(reads, window, stop, most)

    def _advance(
        self, reads: Reads, window: Window, stop: threading.Event, most: int | None
    ) -> None:
        order = _Order(window, reads.id_behind)
        for rows, following in islice(reads.pages(window["after"], order.fits), most):
            keep = reads.prepare(rows)
            with self._reading.lock:
                keep()
                if rows:
                    window["first"] = window["first"] or str(rows[0].get("id"))
                    window["last"] = str(rows[-1].get("id"))
                window["after"] = following
                window["is_read"] = following is None or order.is_over
            if window["is_read"] or stop.is_set():
                return

    def _close(self, reads: Reads, windows: list[Window], stop: threading.Event) -> None:
        """Read windows on that did not come to what the next one began with."""
        begun = [
            window
            for window in windows
            if window["begin"] is None or (window["first"] and not window["is_refused"])
        ]
        for window, following in pairwise([*begun, None]):
            if window is None or window["after"] is None:
                continue
            target = following["first"] if following else None
            if target is not None and int(window["last"]) >= int(target):
                continue
            window["end"], window["is_read"] = target, False
            self._read(reads, window, stop)


def _number(one: str | None) -> int:
    return 0 if one is None else int(one)


def _window(begin: str | None) -> Window:
    return {
        "begin": begin, "end": None, "after": begin, "first": None, "last": None, "is_read": False,
        "is_refused": False,
    }  # fmt: skip


class _Order:
    """Whether pages follow each other: another page of the list may be served instead of the next.

    A list of one window needs no order, and is not held to one.
    """

    def __init__(self, window: Window, id_behind: Callable[[int, int], int | None]) -> None:
        self._window = window
        self._id_behind = id_behind

    def fits(self, rows: list[Json]) -> bool:
        """Whether a page may be the next one."""
        window = self._window
        is_divided = window["begin"] is not None or window["end"] is not None
        if not is_divided or not rows:
            return True
        ids = _ids(rows)
        behind = _number(window["last"]) or _number(window["begin"]) - 1
        if ids != sorted(ids) or ids[0] <= behind:
            return False
        end = _number(window["end"])
        if end and ids[-1] >= end and (ids[0] >= end or end not in ids):
            # Either it is the page of another window, or nothing is left before the edge.
            following = self._id_behind(behind, 1)
            return following is None or following >= ids[0]
        return True

    @property
    def is_over(self) -> bool:
        """Whether the window's end was met."""
        window = self._window
        met = window["end"] is not None and window["last"] is not None
        return met and int(window["last"]) >= int(window["end"])


def _ids(rows: list[Json]) -> list[int]:
    """Ids of a page; of what is no number, 0: no page has two of them in order."""
    found = [str(row.get("id")) for row in rows]
    return [int(one) if one.isdigit() else 0 for one in found]
