"""Tile value = the semantic layer's answer = the aggregate of the rows behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from app import data
from app.components.tile import TILES
from app.data import Version
from app.metrics import Figures, Question
from app.period import Period, bucket_of, buckets
from app.state import ViewState
from pipelines.semantics import SemanticError

METRICS = sorted({m for spec in TILES for m in (spec.metric, spec.companion) if m})
FILTERS: dict[str, tuple[str, ...]] = {
    "none": (),
    "messenger": ("channel_type",),
    "team": ("team",),
    "agent": ("agent",),
    "channel_and_agent": ("channel", "agent"),
}


def question(version: Version, names: Sequence[str], *, period: Period | None = None) -> Question:
    """Ask about everything known, filtered to the first published values of each dimension."""
    options = data.filter_options(version, version.key)
    known = data.known_days(version, version.key)
    assert known is not None
    state = ViewState(filters={name: (options[name][0],) for name in names})
    return Question(period or known, tuple(zip(names, state.where(), strict=True)))


def aggregate(how: str, rows: list[dict[str, Any]], base: float | None) -> float | None:
    """Make a figure of its rows in plain Python, without any SQL."""
    values = sorted(float(row["value"]) for row in rows)
    if how == "sum":
        return math.fsum(values)
    if how == "count_distinct":
        return len(rows)
    if how == "ratio":
        over = sum(row["denominator"] for row in rows)
        return sum(row["numerator"] for row in rows) / over if over else None
    if how == "ratio_to_stock":
        return sum(values) / base if base else None
    if not values:
        return None
    if how == "average":
        return math.fsum(values) / len(values)
    place = float(how.removeprefix("percentile_")) * (len(values) - 1)
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


@pytest.mark.parametrize("names", FILTERS.values(), ids=FILTERS.keys())
@pytest.mark.parametrize("metric", METRICS)
def test_tile_equals_ask_equals_rows(version: Version, metric: str, names: tuple[str, ...]) -> None:
    figures = Figures(version)
    asked = question(version, names)
    where = [condition for _, condition in asked.filters]
    period = asked.period
    figure = figures.figures([metric], asked)[metric]
    if figure.blocked_by:
        # Withheld because it really cannot be asked so, never shown unfiltered.
        assert figure.value is None
        with pytest.raises(SemanticError):
            version.layer.ask([metric], where=where, start=period.start, end=period.end)
        return
    answer = version.layer.ask([metric], where=where, start=period.start, end=period.end)
    assert figure.value == answer.value(metric)
    rows = figures.rows(metric, asked)
    assert len({row[rows.dimensions[0]] for row in rows.rows}) == len(rows.rows)
    base = None
    if figures.aggregation(metric) == "ratio_to_stock":
        base = version.layer.ask(["contactable_customers"], end=period.end).value(
            "contactable_customers"
        )
    made = aggregate(figures.aggregation(metric), rows.rows, base)
    assert (made or None) == (
        pytest.approx(float(figure.value), rel=1e-9) if figure.value else None
    )


@pytest.mark.parametrize("metric", [s.metric for s in TILES if s.metric != "active_user_share"])
def test_base_of_a_share_or_time_is_its_denominator(version: Version, metric: str) -> None:
    figure = Figures(version).figures([metric], question(version, ()))[metric]
    denominator = figure.metric.denominator
    if denominator is None:
        return
    period = figure.period
    asked = version.layer.ask([denominator], start=period.start, end=period.end)
    assert figure.n == asked.value(denominator)
    if figure.metric.unit == "share":
        assert figure.interval is not None
        assert figure.interval[0] <= figure.value <= figure.interval[1]


@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_trend_of_a_count_adds_up_to_its_value(version: Version, grain: Any) -> None:
    known = data.known_days(version, version.key)
    assert known is not None
    # From the middle of a week and of a month: days before the period must not leak in.
    start = known.start.replace(day=12)
    period = Period(start, start + timedelta(days=50))
    asked = question(version, ("channel_type",), period=period)
    metrics = ["conversations_started", "messages_in"]
    figures = Figures(version).figures(metrics, asked, grain)
    for metric in metrics:
        points = figures[metric].trend
        assert [day for day, _ in points] == list(buckets(asked.period, grain))
        assert points[0][0] == bucket_of(asked.period.start, grain)
        assert sum(value for _, value in points) == figures[metric].value


def test_previous_period_is_the_same_question_earlier(version: Version) -> None:
    known = data.known_days(version, version.key)
    assert known is not None
    period = Period(known.end.replace(day=1), known.end)
    figure = Figures(version).figures(["messages_in"], question(version, (), period=period))
    before = period.previous()
    answer = version.layer.ask(["messages_in"], start=before.start, end=before.end)
    assert figure["messages_in"].previous == answer.value("messages_in")
