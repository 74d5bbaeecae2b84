"""Requests of several threads within the limit of a vendor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from heapq import heappop, heappush


class Pace:
    """Lets requests of all threads pass, so that no second of the vendor's sees too many.

    They begin at even distances. That alone is not enough: requests that were held up on their way
    arrive together. So a request counts for a second from the latest moment at which it may have
    arrived, which its answer tells, and no more count at once than the next whole number.

    Attributes:
        per_second: requests that begin in a second; it may change.
        burst: requests that pass at once where none came for long enough.
        clock: seconds that only grow.
    """

    def __init__(
        self, per_second: float, burst: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_second = per_second
        self.burst = burst
        self._clock = clock
        self._next = 0.0
        self._running = 0
        self._counted: list[float] = []  # until when, a heap
        self._fastest: float | None = None
        self._lock = threading.Lock()

    def begin(self) -> float:
        """Wait for one's turn; returns the moment of beginning."""
        while (delay := self.delay()) > 0:
            time.sleep(delay)
        return self._clock()

    def delay(self) -> float:
        """Return how long to wait before asking again; 0: the turn is taken."""
        with self._lock:
            now = self._clock()
            while self._counted and self._counted[0] <= now:
                heappop(self._counted)
            distance = 1 / self.per_second
            begins = self._next - (self.burst - 1) * distance
            if begins > now:
                return begins - now
            if self._running + len(self._counted) >= int(self.per_second) + self.burst:
                return self._counted[0] - now if self._counted else distance
            # Who wakes a little late makes up for it.
            base = self._next if now - self._next < distance else now
            self._next = base + distance
            self._running += 1
            return 0.0

    def end(self, begun: float, *, is_answered: bool = True) -> None:
        """Tell that a request was answered, or given up."""
        with self._lock:
            now = self._clock()
            self._running -= 1
            way = self._fastest or 0.0
            if is_answered:
                self._fastest = min(now - begun, self._fastest or now - begun)
                way = self._fastest
            heappush(self._counted, now - way + max(1.0, 1 / self.per_second))

    def hold(self, seconds: float) -> None:
        """Let nobody pass for a while: the vendor asked one of the threads to wait."""
        with self._lock:
            pause = seconds + (self.burst - 1) / self.per_second
            self._next = max(self._next, self._clock() + pause)
