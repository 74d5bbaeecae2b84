"""Charts that compare: shares with intervals, volumes of several series, cohorts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

import altair as alt
import streamlit as st

from app.components.chart_parts import PADDING, ROWS, by_series, clickable, draw, over_time, upwards
from app.components.palette import BLUE, GREY, ORANGE, SERIES
from app.components.places import value_text
from app.components.screen import Screen
from app.components.tile import MIN_N, open_rows
from app.data import Row
from app.intervals import wilson
from app.period import Grain, Period, buckets, last_day
from app.place import Place

_ROW_HEIGHT: Final = 26
_AROUND: Final = 90  # axis and legend are inside of a chart's height
_TOP: Final = 4  # series with a colour of their own; the rest is one series


def intervals(screen: Screen, rows: Sequence[Row], by: str, metric: str, n: str) -> None:
    """Draw a share per value of a dimension with its 95 % interval; grey below the minimum n."""
    texts, formatter = screen.texts, screen.formatter
    marks: list[dict[str, Any]] = []
    for row in rows:
        found = wilson(float(row[metric]), int(row[n])) if row[n] and row[by] is not None else None
        if found is None:
            continue
        is_thin = row[n] < MIN_N
        marks.append(
            {
                "name": value_text(screen, by, row[by]),
                "value": float(row[metric]),
                "low": found[0],
                "high": found[1],
                "kind": texts("agents.few" if is_thin else "agents.enough"),
                "text": formatter.share(row[metric]),
                "band": f"{formatter.share(found[0])} \u2013 {formatter.share(found[1])}",
                "n": formatter.number(row[n]),
            }
        )
    if not marks:
        st.caption(texts("tile.empty"))
        return
    base = alt.Chart(ROWS)
    percent = "format(datum.value * 100, '.0f') + '%'"
    y = alt.Y(
        "name:N",
        sort=None,
        axis=alt.Axis(title=None, ticks=False, labelLimit=190, labelOverlap=False),
    )
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=[texts("agents.enough"), texts("agents.few")], range=[BLUE, GREY]),
        legend=alt.Legend(title=None, orient="bottom", direction="horizontal"),
    )
    tooltip = [
        alt.Tooltip("name:N", title=texts(f"dimension.{by}")),
        alt.Tooltip("text:N", title=texts("column.value")),
        alt.Tooltip("band:N", title=texts("drill.interval")),
        alt.Tooltip("n:N", title="n"),
    ]
    x = alt.X(
        "low:Q",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(title=None, labelExpr=percent, tickCount=5),
    )
    bars = base.mark_rule(strokeWidth=3, opacity=0.55).encode(
        x=x, x2=alt.X2("high"), y=y, color=colour, tooltip=tooltip
    )
    dots = base.mark_point(filled=True, size=75, opacity=1).encode(
        x=alt.X("value:Q"), y=y, color=colour, tooltip=tooltip
    )
    height = _ROW_HEIGHT * len(marks) + _AROUND
    draw(
        alt.layer(bars, dots).properties(height=height, padding=PADDING),
        sorted(marks, key=lambda mark: -mark["value"]),
        alt_text=texts("agents.in_time"),
    )


def stacked(screen: Screen, rows: Sequence[Row], by: str, metric: str, grain: Grain) -> None:
    """Draw a count over time, stacked by the largest values of a dimension."""
    texts, formatter = screen.texts, screen.formatter
    totals: dict[Any, float] = {}
    for row in rows:
        totals[row[by]] = totals.get(row[by], 0) + (row[metric] or 0)
    largest = sorted(totals, key=lambda value: -totals[value])
    kept = largest[:_TOP] if len(largest) > _TOP + 1 else largest
    names = {value: value_text(screen, by, value) for value in kept}
    rest = texts("channels.rest")
    sums: dict[tuple[date, str], float] = {}
    for row in rows:
        key = row["metric_time"], names.get(row[by], rest)
        sums[key] = sums.get(key, 0) + (row[metric] or 0)
    series = [*names.values(), *([rest] if len(kept) < len(largest) else [])]
    days = list(buckets(screen.period, grain))
    marks = [
        {
            "bucket": formatter.bucket(day, grain),
            "series": name,
            "start": day.isoformat(),
            "order": number,
            "value": sums.get((day, name), 0),
            "text": formatter.number(sums.get((day, name), 0)),
        }
        for day in days
        for number, name in enumerate(series)
    ]
    chart = (
        alt.Chart(ROWS)
        .mark_bar(cursor="pointer")
        .encode(
            x=over_time(screen, [formatter.bucket(day, grain) for day in days], most=12),
            y=upwards(screen, texts("chart.conversations")),
            color=by_series(series, (*SERIES[: len(names)], *([GREY] if rest in series else []))),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("bucket:N", title=texts("chart.date")),
                alt.Tooltip("series:N", title=texts(f"dimension.{by}")),
                alt.Tooltip("text:N", title=texts("chart.conversations")),
            ],
        )
    )
    values = {name: value for value, name in names.items()}

    def opened(**mark: Any) -> None:
        # The rest is no value of the dimension: its rows are those of the whole bucket.
        name = mark["series"]
        place = Place(((by, values[name]),) if name in values else ())
        open_rows(metric, replace(place, period=_inside(screen, mark["start"], grain)))

    clickable(
        (chart,),
        marks,
        key="stacked",
        alt_text=texts("channels.volume"),
        fields=["start", "series"],
        opened=opened,
        height=260,
    )


def _inside(screen: Screen, start: str, grain: Grain) -> Period:
    """Return the part of the shown period that a bucket covers."""
    first, period = date.fromisoformat(start), screen.period
    return Period(max(first, period.start), min(last_day(first, grain), period.end))


def cohorts(
    screen: Screen, rows: Sequence[Row], metric: str, matured: str, started: str, grain: Grain
) -> None:
    """Draw a conversion per cohort; a cohort whose windows are still open is marked as such.

    Only whole cohorts are joined by a line. Of the others the part whose window has ended is shown
    as a hollow point with its interval: a fall there is a matter of time, not of work.

    Args:
        matured: counts the conversations whose window has ended; `started` counts all.
    """
    texts, formatter = screen.texts, screen.formatter
    found = {row["metric_time"]: row for row in rows}
    marks: list[dict[str, Any]] = []
    for day in buckets(screen.period, grain):
        row = found.get(day)
        if row is None or not row[started]:
            continue
        base, everything = int(row[matured] or 0), int(row[started])
        share = float(row[metric]) if base and row[metric] is not None else None
        ends = wilson(share, base) if share is not None else None
        state = "whole" if base == everything else "maturing"
        marks.append(
            {
                "bucket": formatter.bucket(day, grain),
                "value": share,
                "low": ends[0] if ends else None,
                "high": ends[1] if ends else None,
                "whole": share if state == "whole" else None,
                "open": share if state == "maturing" else None,
                "state": texts(f"business.{state}"),
                "start": day.isoformat(),
                "shade": 0.12 if state == "maturing" else 0.0,
                "text": formatter.share(share),
                "n": texts("business.of_started", n=base, total=everything),
            }
        )
    if not marks:
        st.caption(texts("tile.empty"))
        return
    base_chart = alt.Chart(ROWS)
    x = over_time(screen, [mark["bucket"] for mark in marks], most=7)
    tooltip = [
        alt.Tooltip("bucket:N", title=texts("business.cohort")),
        alt.Tooltip("state:N", title=texts("business.state")),
        alt.Tooltip("text:N", title=texts("column.value")),
        alt.Tooltip("n:N", title="n"),
    ]
    y = upwards(screen, None, share=True, scale=alt.Scale(zero=True))
    columns = base_chart.mark_rect(color=ORANGE, cursor="pointer").encode(
        x=x,
        y=alt.YValue(0),
        y2=alt.Y2Value("height"),
        opacity=alt.Opacity("shade:Q", scale=None),
        tooltip=tooltip,
    )
    layers = [
        columns,
        base_chart.mark_rule(strokeWidth=2, opacity=0.35, color=BLUE).encode(
            x=x, y=alt.Y("low:Q"), y2=alt.Y2("high")
        ),
        base_chart.mark_line(color=BLUE, strokeWidth=2).encode(x=x, y=alt.Y("whole:Q")),
        base_chart.mark_point(filled=True, color=BLUE, size=55, opacity=1).encode(
            x=x, y=alt.Y("whole:Q"), tooltip=tooltip
        ),
        base_chart.mark_point(color=ORANGE, size=70, strokeWidth=2, opacity=1).encode(
            x=x, y=alt.Y("open:Q"), tooltip=tooltip
        ),
        base_chart.mark_point(opacity=0, size=1).encode(x=x, y=y),
    ]

    def opened(**mark: Any) -> None:
        open_rows(metric, Place((), _inside(screen, mark["start"], grain)))

    clickable(
        layers,
        marks,
        key=f"cohorts_{metric}",
        alt_text=texts("business.cohorts"),
        fields=["start"],
        opened=opened,
        height=230,
    )
