"""Lists of Bitrix24, read page by page in the order of ids, many pages in a batch.

Each page begins behind the last id of the one before, which the vendor recommends for its speed. It
is also right while records change, come and go: none of that moves another record to another page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, TypeVar

from pipelines.sources._common.api import AnswerError
from pipelines.sources._common.fields import FieldError, Json, integer, nested, objects
from pipelines.sources.bitrix24.api import Answer, Command, Portal

PAGE: Final = 50
Item = TypeVar("Item")
# How much longer a chain of pages is than the one before, as long as pages are full.
_GROWTH: Final = 5


@dataclass
class Pages:
    """One list that is read.

    Attributes:
        take: what is done with each record.
        key: name of the id.
        inside: member of the result that holds the records; null: the result is the list.
        before: id behind which reading begins.
    """

    method: str
    params: Mapping[str, Any]
    where: Mapping[str, Any]
    take: Callable[[Json], None]
    key: str = "id"
    inside: str | None = "items"
    before: int = 0
    ended: bool = False
    tries: int = 0
    _length: int = 1
    _asked: list[str] = field(default_factory=list)

    def commands(self, name: str, most: int) -> dict[str, Command]:
        """Return commands for the next pages; each but the first refers to the one before it."""
        self._asked = [f"{name}p{place}" for place in range(min(self._length, most))]
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
            self.tries = 0
            records = self._records(answer, source)
            for record in records:
                self.take(record)
            if len(records) < PAGE:
                self.ended = True
                return None
            self.before = self._last(records, source)
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

    def _last(self, records: list[Json], source: str) -> int:
        try:
            last = max(integer(record, self.key) or 0 for record in records)
        except FieldError as error:
            raise self._strange(source, str(error)) from None
        if last <= self.before:
            raise self._strange(source, "the same page came again")
        return last

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
        for place, pages in enumerate(now):
            commands |= pages.commands(f"l{place}", most)
        answers = portal.batch(commands)
        for pages in now:
            error = pages.consume(answers, portal.source)
            if error is not None:
                pages.tries += 1
                portal.bear(pages.method, error, pages.tries)
        waiting = [pages for pages in waiting if not pages.ended]


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of a size, the last one of what is left."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
