"""Work ahead: the same items in the same order, errors in their place, nothing left running."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from pipelines.sources._common.ahead import ahead


def numbers(count: int, made: list[int], *, fails: bool = False) -> Iterator[int]:
    try:
        for number in range(count):
            made.append(number)
            yield number
        if fails:
            raise ValueError("the source broke")
    finally:
        made.append(-1)


def test_items_come_in_order_and_at_most_one_waits() -> None:
    made: list[int] = []
    for number in ahead(numbers(50, made)):
        assert len(made) <= number + 2 or made[-1] == -1
    assert made == [*range(50), -1]


def test_error_comes_behind_the_items_before_it() -> None:
    items = ahead(numbers(3, [], fails=True))
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="the source broke"):
        next(items)


def test_reader_that_stops_early_closes_the_source_and_its_thread() -> None:
    made: list[int] = []
    items = ahead(numbers(50, made))
    assert next(items) == 0
    items.close()
    assert made[-1] == -1
    assert len(made) <= 3
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]
