"""Lists of Bitrix24, read page by page in the order of ids, many pages in a batch.

Each page begins behind the last id of the one before, which the vendor recommends for its speed. It
is also right while records change, come and go: none of that moves another record to another page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any, Final, TypeVar

from pipelines.sources._common.api import AnswerError
from pipelines.sources._common.fields import FieldError, Json, integer, nested, objects
from pipelines.sources.bitrix24.api import REPEATED, RIGHTS, Answer, Command, Portal

PAGE: Final = 50
Item = TypeVar("Item")
# How much longer a chain of pages is than the one before, as long as pages are full.
_GROWTH: Final = 5
_NAMES: Final = count()


@dataclass
class Pages:
    """One list that is read.

    Attributes:
        take: what is done with each record.
        key: name of the id.
        inside: member of the result that holds the records; null: the result is the list.
        before: id behind which reading begins.
        came_to: told the last id of each full page, and at the end null.
        withheld: called where the portal does not give the list; null: then nothing is read.
    """

    method: str
    params: Mapping[str, Any]
    where: Mapping[str, Any]
    take: Callable[[Json], None]
    key: str = "id"
    inside: str | None = "items"
    before: int = 0
    came_to: Callable[[int | None], None] = field(default=lambda _: None)
    withheld: Callable[[], None] | None = None
    ended: bool = False
    tries: int = 0
    _length: int = 1
    _asked: list[str] = field(default_factory=list)

    def commands(self, most: int) -> dict[str, Command]:
        """Return commands for the next pages; each but the first refers to the one before it.

        Their names never come again, so that an answer to another question is not taken for theirs.
        """
        self._asked = [f"p{next(_NAMES)}" for _ in range(min(self._length, most))]
        path = f"[{self.inside}]" if self.inside else ""
        behind = [
            str(self.before),
            *(f"$result[{key}]{path}[{PAGE - 1}][{self.key}]" for key in self._asked),
        ]
        return {
            key: Command(
                self.method,
                {
                    **self.params, "start": -1, "order": {self.key: "ASC"},
                    "filter": {**self.where, f">{self.key}": last},
                },
            )
            for key, last in zip(self._asked, behind, strict=False)
        }  # fmt: skip

    def consume(self, answers: Mapping[str, Answer], source: str) -> str | None:
        """Take the records of the pages; returns the error that stands before the next one.

        What follows a page that is not full was asked behind an id that is not there: it is left.
        """
        for key in self._asked:
            answer = answers[key]
            if answer.error is not None:
                self._length = 1
                return answer.error
            records = self._records(answer, source)
            last = self._last(records, source)
            if last is None:
                self._length = 1
                return REPEATED
            self.tries = 0
            for record in records:
                self.take(record)
            if len(records) < PAGE:
                self.ended = True
                self.came_to(None)
                return None
            if last == self.before:
                raise self._strange(source, "a full page has no ids")
            self.before = last
            self.came_to(last)
        self._length *= _GROWTH
        return None

    def _records(self, answer: Answer, source: str) -> list[Json]:
        try:
            found = answer.result
            if self.inside is not None:
                found = nested({"result": found}, "result").get(self.inside)
            return objects({"result": found}, "result")
        except FieldError as error:
            raise self._strange(source, str(error)) from None

    def _last(self, records: list[Json], source: str) -> int | None:
        """Return the last id of a page; null where the page is not behind the one before."""
        try:
            found = [integer(record, self.key) for record in records]
        except FieldError as error:
            raise self._strange(source, str(error)) from None
        numbers = [number for number in found if number is not None]
        if numbers and min(numbers) <= self.before:
            return None
        return max(numbers, default=self.before)

    def _strange(self, source: str, said: str) -> AnswerError:
        return AnswerError(
            source, f"{self.method}: {said}",
            "The API may have changed; look for a newer version of this connector",
        )  # fmt: skip


def read_lists(portal: Portal, lists: Iterable[Pages]) -> None:
    """Read lists to their ends, with pages of several of them in each batch.

    Raises:
        ApiError: the portal cannot be read.
    """
    waiting = list(lists)
    while waiting:
        now = waiting[: portal.commands]
        most = portal.commands // len(now)
        commands: dict[str, Command] = {}
        for pages in now:
            commands |= pages.commands(most)
        answers = portal.batch(commands)
        for pages in now:
            error = pages.consume(answers, portal.source)
            if error in RIGHTS and pages.withheld is not None:
                pages.withheld()
                pages.ended = True
            elif error is not None:
                pages.tries += 1
                portal.bear(pages.method, error, pages.tries)
        waiting = [pages for pages in waiting if not pages.ended]


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of a size, the last one of what is left."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
