"""Several things at once, for what waits on a network: tasks, or one work for many items."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Task = Callable[[threading.Event], "Sequence[Task] | None"]
"""Work that ends early, between two answers, once the event is set; it may return more work."""


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


def together(tasks: Iterable[Task], threads: int) -> None:
    """Run tasks in that many threads; what one of them raises ends the others and is raised."""
    stop = threading.Event()
    with ThreadPoolExecutor(threads, thread_name_prefix="reading") as pool:
        running = {pool.submit(task, stop) for task in tasks}
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    running |= {pool.submit(task, stop) for task in future.result() or ()}
        finally:
            stop.set()
            for future in running:
                future.cancel()
