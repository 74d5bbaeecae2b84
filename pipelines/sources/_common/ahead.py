"""Work of two kinds at once: while one batch is used, the next one is made."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Generator[T]:
    """Yield what `items` yields, in order, with the next item made in a thread meanwhile.

    No more than one item waits, so memory grows by one batch. It gains where making an item does
    not hold the interpreter's lock: DuckDB and Arrow do not. What `items` raises is raised here,
    in its place; `items` is closed in any case.
    """
    end = object()
    worker = ThreadPoolExecutor(1, thread_name_prefix="ahead")
    try:
        coming = worker.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = worker.submit(next, items, end)
            yield item  # type: ignore[misc]
    finally:
        # Nothing closes a generator that runs: first what is being made must be finished.
        worker.shutdown()
        if close := getattr(items, "close", None):
            close()
