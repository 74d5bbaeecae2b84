"""Kaplan-Meier against numbers worked by hand and against published ones."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.estimates import WaitCount, kaplan_meier


def test_curve_worked_by_hand() -> None:
    # Six waits: answered after 10, 20, 20 and 40 s; last seen waiting at 15 and 30 s.
    # 10: 6 at risk, 5/6. 15: censored. 20: 4 at risk, 2 answered, 5/6 * 2/4 = 5/12.
    # 30: censored. 40: 1 at risk, answered, 0.
    curve = kaplan_meier(
        [
            WaitCount(40, 1, 0),
            WaitCount(10, 1, 0),
            WaitCount(15, 0, 1),
            WaitCount(20, 2, 0),
            WaitCount(30, 0, 1),
        ]
    )
    assert curve.n == 6
    assert [(p.seconds, p.at_risk, p.answered, p.censored) for p in curve.points] == [
        (10, 6, 1, 0), (15, 5, 0, 1), (20, 4, 2, 0), (30, 2, 0, 1), (40, 1, 1, 0),
    ]  # fmt: skip
    shares = [p.share for p in curve.points]
    assert shares == pytest.approx([5 / 6, 5 / 6, 5 / 12, 5 / 12, 0])
    assert curve.quantile(0.5) == 20
    assert curve.quantile(0.1) == 10
    assert curve.quantile(0.9) == 40
    assert curve.share_at(9) == 1.0
    assert curve.share_at(25) == pytest.approx(5 / 12)


def test_remission_times_of_freireich() -> None:
    # 6-MP arm, weeks of remission (Freireich et al. 1963, Blood 21:699; worked in Collett 2015,
    # Modelling Survival Data in Medical Research): median 23, S(6) = 0.857, S(23) = 0.448.
    events = {6: 3, 7: 1, 10: 1, 13: 1, 16: 1, 22: 1, 23: 1}
    censored = {6: 1, 9: 1, 10: 1, 11: 1, 17: 1, 19: 1, 20: 1, 25: 1, 32: 2, 34: 1, 35: 1}
    weeks = sorted({*events, *censored})
    curve = kaplan_meier(WaitCount(w, events.get(w, 0), censored.get(w, 0)) for w in weeks)
    assert curve.n == 21
    assert curve.share_at(6) == pytest.approx(0.8571, abs=5e-5)
    assert curve.share_at(23) == pytest.approx(0.4482, abs=5e-5)
    assert curve.quantile(0.5) == 23
    # Greenwood's standard error at 23 weeks is 0.1346, so that of log(-log S) is
    # 0.1346 / (0.4482 * |ln 0.4482|) and the interval S^exp(-+1.96 se).
    at_23 = next(point for point in curve.points if point.seconds == 23)
    error = 0.1346 / (0.4482 * abs(math.log(0.4482)))
    assert at_23.low == pytest.approx(0.4482 ** math.exp(1.95996 * error), abs=5e-4)
    assert at_23.high == pytest.approx(0.4482 ** math.exp(-1.95996 * error), abs=5e-4)
    low, high = curve.interval(0.5)
    assert low == 13
    assert high is None


def test_a_wait_last_seen_at_the_moment_of_an_answer_was_at_risk() -> None:
    curve = kaplan_meier([WaitCount(10, 1, 1)])
    assert curve.share_at(10) == 0.5
    assert curve.quantile(0.5) == 10


def test_median_that_is_never_reached_is_none() -> None:
    assert kaplan_meier([WaitCount(5, 1, 0), WaitCount(9, 0, 3)]).quantile(0.5) is None
    assert kaplan_meier([]).quantile(0.5) is None
    assert kaplan_meier([]).n == 0


_COUNTS = st.lists(
    st.builds(WaitCount, st.integers(1, 50), st.integers(0, 4), st.integers(0, 4)),
    max_size=30,
)


@given(_COUNTS)
def test_curve_falls_inside_its_band(counts: list[WaitCount]) -> None:
    points = kaplan_meier(counts).points
    assert all(a.share >= b.share for a, b in itertools.pairwise(points))
    assert all(0 <= p.low <= p.share + 1e-12 and p.share <= p.high + 1e-12 <= 1 + 1e-9
               for p in points)  # fmt: skip


@given(_COUNTS)
def test_without_censoring_the_curve_is_the_share_of_longer_waits(counts: list[WaitCount]) -> None:
    waits = [item.seconds for item in counts for _ in range(item.answered)]
    curve = kaplan_meier(WaitCount(item.seconds, item.answered, 0) for item in counts)
    for point in curve.points:
        longer = sum(wait > point.seconds for wait in waits)
        assert point.share == pytest.approx(longer / len(waits) if waits else 1.0)
