"""Several lists at once: an error of one ends the others, and all pass through one pace."""

from __future__ import annotations

import random
import threading

import pytest

from pipelines.sources._common.pace import Pace
from pipelines.sources._common.parallel import together


def test_error_of_one_ends_the_others() -> None:
    ended = []
    begun = threading.Event()

    def lasting(stop: threading.Event) -> None:
        begun.set()
        ended.append(stop.wait(30))

    def failing(_: threading.Event) -> None:
        assert begun.wait(30)
        raise ValueError("of the list")

    with pytest.raises(ValueError, match="of the list"):
        together([lasting, failing, *[lasting] * 5], threads=2)

    # Those that waited for a thread did not begin, or saw at once that all is over.
    assert ended[0] is True
    assert all(ended)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_requests_begin_at_even_distances() -> None:
    clock = Clock()
    pace = Pace(4, clock=clock)
    begun = []
    for _ in range(5):
        while (delay := pace.delay()) > 0:
            clock.now += delay
        begun.append(clock.now)
        pace.end(clock.now)
    assert begun == [100.0, 100.25, 100.5, 100.75, 101.0]
    pace.hold(10)
    assert pace.delay() == 10.0


@pytest.mark.parametrize("seed", range(20))
def test_no_second_of_the_vendor_sees_too_many(seed: int) -> None:
    """Whatever holds requests up on their way, while the quickest way is known."""
    chance, clock = random.Random(seed), Clock()
    pace, running, arrivals = Pace(6, clock=clock), [], []
    way = 0.15
    pace.end(clock.now - 2 * way - pace_taken(pace, clock))
    begin = clock.now
    while clock.now < begin + 300:
        running.sort()
        delay = pace.delay()
        if delay == 0:
            stall = chance.uniform(0, 5) if chance.random() < 0.1 else 0.0
            arrivals.append(clock.now + way + stall)
            running.append((clock.now + 2 * way + stall, clock.now))
            continue
        if running and running[0][0] <= clock.now + delay:
            answered, begun = running.pop(0)
            clock.now = max(clock.now, answered)
            pace.end(begun)
        else:
            clock.now += delay
    arrivals.sort()
    # A second is half open, and clocks have rounding.
    assert all(
        late - early >= 1 - 1e-6 for early, late in zip(arrivals, arrivals[7:], strict=False)
    )
    assert len(arrivals) > 300 * 2


def pace_taken(pace: Pace, clock: Clock) -> float:
    """Let one request begin now."""
    while (delay := pace.delay()) > 0:
        clock.now += delay
    return 0.0
