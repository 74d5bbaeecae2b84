"""Several lists of one API read at once: while one answer is on its way, others are asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

Task = Callable[[threading.Event], None]
"""Work that ends early, between two answers, once the event is set."""


def together(tasks: Iterable[Task], threads: int) -> None:
    """Run tasks in that many threads; what one of them raises ends the others and is raised."""
    stop = threading.Event()
    with ThreadPoolExecutor(threads, thread_name_prefix="reading") as pool:
        running = [pool.submit(task, stop) for task in tasks]
        try:
            done, _ = wait(running, return_when=FIRST_EXCEPTION)
            for future in running:
                if future in done and not future.cancelled():
                    future.result()
        finally:
            stop.set()
            for future in running:
                future.cancel()
