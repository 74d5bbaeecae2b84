"""Several lists at once: an error of one ends the others, and all pass through one pace."""

from __future__ import annotations

import threading

import pytest

from pipelines.sources._common.api import Pace
from pipelines.sources._common.together import together


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


def test_pace_of_all_threads_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    slept: list[float] = []
    monkeypatch.setattr("pipelines.sources._common.api.time.monotonic", lambda: now[0])
    monkeypatch.setattr("pipelines.sources._common.api.time.sleep", slept.append)
    pace = Pace(per_second=4)

    for _ in range(3):
        pace.wait()
    pace.hold(10)
    pace.wait()
    now[0] = 200.0
    pace.wait()

    assert slept == [0.25, 0.5, 10.0]
