"""Tile value = the semantic layer's answer = the aggregate of the rows behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from app import data
from app.components import deal_stages, funnel
from app.components.breakdown import Breakdown
from app.components.tile import TILES, metrics_of
from app.data import Version
from app.metrics import Figures, Question
from app.period import Period, bucket_of, buckets, last_day
from app.place import Place
from app.state import ViewState
from app.views import agents, business, channels, speed
from pipelines.semantics import SemanticError

# What the tables of the screens ask for on the working clock as well.
SCREEN: Any = SimpleNamespace(on_clock=lambda metric: f"{metric}_business")

NEW_TILES = (*agents.TILES, *channels.TILES, *business.TILES)
TABLES = (
    agents.work_table(),
    agents.result_table(SCREEN),
    *(channels.channel_table(SCREEN, by) for by in ("channel_type", "channel", "source")),
    channels.spend_table(),
    *(business.money_table(by, "last_touch") for by in business.BY),
    *(business.money_table("agent", model) for model in ("first_touch", "time_decay")),
    *(speed.table_of(SCREEN, by) for by in ("agent", "team", "channel")),
)
IN_TABLES = {metric for table in TABLES for metric in table.metrics}
METRICS = sorted(
    {*metrics_of(TILES), *metrics_of(NEW_TILES), *metrics_of(speed.tile_specs(SCREEN)),
     *funnel.METRICS, *deal_stages.METRICS, deal_stages.LOSS, *business.MODELS.values(),
     *IN_TABLES, "frt_km_p50_business"}
)  # fmt: skip
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
    if how.startswith("kaplan_meier"):
        return survivors_median([(row["value"], row["answered"]) for row in rows])
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


def survivors_median(waits: list[tuple[float, int]]) -> float | None:
    """Kaplan and Meier as a loop over moments, without the code under test."""
    share = Fraction(1)
    for moment in sorted({seconds for seconds, _ in waits}):
        at_risk = sum(seconds >= moment for seconds, _ in waits)
        answered = sum(seconds == moment and bool(done) for seconds, done in waits)
        share *= Fraction(at_risk - answered, at_risk)
        if share <= Fraction(1, 2):
            return float(moment)
    return None


# Each metric under every filter; those of one table under all of them at once.
ASKED = [
    pytest.param(metric, names, id=f"{metric}-{name}")
    for metric in METRICS
    for name, names in FILTERS.items()
    if name in ("none", "channel_and_agent")
    or not metric.startswith(("funnel_", "deal_stage_", "attributed_revenue_"))
]


@pytest.mark.parametrize(("metric", "names"), ASKED)
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


@pytest.mark.parametrize("table", TABLES, ids=lambda table: f"{table.name}_{table.by}")
def test_cells_of_a_table_equal_the_rows_behind_them(version: Version, table: Breakdown) -> None:
    figures, asked = Figures(version), question(version, ())
    rows = figures.split(table.metrics, asked, [table.by])
    assert rows
    # The largest row and, where there is one, that of no value: the places that differ most.
    rows.sort(key=lambda row: -(row[table.base] or 0))
    for row in [rows[0], *(row for row in rows if row[table.by] is None)]:
        narrow = Place(((table.by, row[table.by]),)).narrow(asked)
        for metric in table.metrics:
            found = figures.rows(metric, narrow).rows
            made = aggregate(figures.aggregation(metric), found, None)
            expected = None if row[metric] is None else pytest.approx(float(row[metric]), rel=1e-9)
            assert (made or None) == (expected if row[metric] else None), metric


def test_rows_of_a_table_add_up_to_the_figure_of_all(version: Version) -> None:
    figures, asked = Figures(version), question(version, ())
    additive = ["participations", "agent_effort", "first_responses", "attributed_revenue"]
    rows = figures.split(additive, asked, ["agent"])
    values = figures.values(additive, asked)
    for metric in additive:
        total = sum(float(row[metric] or 0) for row in rows)
        assert total == pytest.approx(float(values[metric]))


@pytest.mark.parametrize("clock", ["", "_business"])
def test_histogram_holds_every_answer_in_the_bucket_of_its_time(
    version: Version, clock: str
) -> None:
    bucket = f"first_response_bucket{clock}"
    seconds = "business" if clock else "calendar"
    rows = Figures(version).split(["first_responses"], question(version, ()), [bucket])
    counted = {row[bucket]: row["first_responses"] for row in rows if row[bucket] is not None}
    expected: dict[int, int] = {}
    for row in version.read(
        f"select first_response_{seconds}_seconds as s from fct_conversations"
        " where is_answered and not is_spam"
    ):
        place = next(b for b in range(60, -60, -1) if max(row["s"], 1) >= 600 * 2 ** (b / 2))
        expected[place] = expected.get(place, 0) + 1
    assert counted == expected


def test_week_is_that_of_the_company_zone(version: Version) -> None:
    dimensions = ["waiting_since_iso_weekday", "waiting_since_local_hour"]
    metric = "conversations_awaiting"
    rows = Figures(version).split([metric], question(version, ()), dimensions)
    counted = {tuple(row[name] for name in dimensions): row[metric] for row in rows if row[metric]}
    zone = data.about(version, version.key).zone
    expected: dict[tuple[int, int], int] = {}
    for row in version.read(
        "select waiting_since_at as at from fct_conversations where awaits_human and not is_spam"
    ):
        local = row["at"].astimezone(zone)
        cell = local.isoweekday(), local.hour
        expected[cell] = expected.get(cell, 0) + 1
    assert counted == expected


def test_curve_has_the_median_of_the_tile_and_ends_with_its_waits(version: Version) -> None:
    asked = question(version, ())
    curve, sql = Figures(version).survival("frt_km_p50", asked)
    values = Figures(version).values(["frt_km_p50", "conversations_awaiting"], asked)
    assert curve.quantile(0.5) == values["frt_km_p50"]
    assert curve.n == values["conversations_awaiting"]
    assert "waited_seconds" in sql
    # What the exact waits give differs by the resolution of the dimension: under 1 %.
    exact = survivors_median(
        [
            (row["s"], row["answered"])
            for row in version.read(
                "select first_wait_calendar_seconds as s, is_answered::int as answered"
                " from fct_conversations where awaits_human and not is_spam"
            )
        ]
    )
    assert exact is not None
    assert 0.99 * exact <= values["frt_km_p50"] <= exact


def test_touched_money_counts_each_deal_once(version: Version) -> None:
    rows = version.read(
        "select distinct deal_key, company_net_amount as net_amount from fct_deal_touches"
        " where company_net_amount is not null"
    )
    value = version.layer.ask(["touched_revenue"]).value("touched_revenue")
    assert value == pytest.approx(float(sum(row["net_amount"] for row in rows)))
    assert value >= version.layer.ask(["attributed_revenue"]).value("attributed_revenue")


def test_stock_over_time_equals_the_stock_asked_at_each_end(version: Version) -> None:
    asked = question(version, ("channel_type",))
    points = Figures(version).trends(["active_user_share"], asked, "month")["active_user_share"]
    where = [condition for _, condition in asked.filters]
    assert len(points) >= 3
    for first, value in points:
        start = max(first, asked.period.start)
        end = min(last_day(first, "month"), asked.period.end)
        answer = version.layer.ask(["active_user_share"], where=where, start=start, end=end)
        assert value == pytest.approx(answer.value("active_user_share"))
