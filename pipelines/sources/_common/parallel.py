"""Work on many items at once, for what waits on a network."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Generator[Result]:
    """Yield the results in the order of the items; the first error ends it, and what is not begun.

    What `work` raises is raised here.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="read")
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(cancel_futures=True)


def batches(items: Iterable[Item], size: int) -> Generator[list[Item]]:
    """Yield the items in lists of `size`, the last one of what is left."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
