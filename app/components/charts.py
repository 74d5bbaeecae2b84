"""Charts of the overview."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import altair as alt

from app.components.chart_parts import (
    HOUR,
    MINUTE,
    PADDING,
    ROWS,
    by_series,
    draw,
    over_time,
    upwards,
)
from app.components.palette import BLUE, GREEN, ORANGE
from app.components.screen import Screen
from app.period import Grain

Point = tuple[date, Any]
_HOURS_FROM: Final = 3 * HOUR


def bars(screen: Screen, name: str, points: Sequence[Point], grain: Grain) -> None:
    """Draw counts per bucket."""
    rows = [
        {
            "bucket": screen.formatter.bucket(day, grain),
            "value": value,
            "text": _count(screen, value),
        }
        for day, value in points
    ]
    chart = (
        alt.Chart(ROWS)
        .mark_bar(color=BLUE, cornerRadiusTopLeft=2, cornerRadiusTopRight=2)
        .encode(
            x=over_time(screen, _buckets(rows)),
            y=upwards(screen, screen.texts(f"chart.{name}")),
            tooltip=_tooltip(screen, name),
        )
        .properties(height=170, padding=PADDING)
    )
    draw(chart, rows, alt_text=screen.texts(f"chart.{name}"))


def clock_lines(
    screen: Screen, calendar: Sequence[Point], business: Sequence[Point], grain: Grain
) -> None:
    """Draw the median first response on both clocks; a bucket without answers is a gap."""
    texts, formatter = screen.texts, screen.formatter
    series = ((texts("chart.clock_calendar"), calendar), (texts("chart.clock_business"), business))
    highest = max((float(v) for _, points in series for _, v in points if v is not None), default=0)
    size, unit = (HOUR, "hours") if highest >= _HOURS_FROM else (MINUTE, "minutes")
    rows = [
        {
            "bucket": formatter.bucket(day, grain),
            "value": None if value is None else float(value) / size,
            "text": formatter.duration(value),
            "series": name,
        }
        for name, points in series
        for day, value in points
    ]
    title = f"{texts('chart.frt')}, {texts(f'chart.{unit}')}"
    chart = (
        alt.Chart(ROWS)
        .mark_line(point=alt.OverlayMarkDef(size=22), strokeWidth=2)
        .encode(
            x=over_time(screen, _buckets(rows)),
            y=upwards(screen, title),
            color=by_series([name for name, _ in series], [ORANGE, GREEN]),
            tooltip=[
                alt.Tooltip("bucket:N", title=texts("chart.date")),
                alt.Tooltip("series:N", title=" "),
                alt.Tooltip("text:N", title=texts("chart.frt")),
            ],
        )
        .properties(height=230, padding=PADDING)
    )
    draw(chart, rows, alt_text=title)


def messages(
    screen: Screen, incoming: Sequence[Point], outgoing: Sequence[Point], grain: Grain
) -> None:
    """Draw messages of customers and of agents side by side per bucket."""
    texts = screen.texts
    series = ((texts("chart.messages_in"), incoming), (texts("chart.messages_out"), outgoing))
    rows = [
        {
            "bucket": screen.formatter.bucket(day, grain),
            "value": value,
            "text": _count(screen, value),
            "series": name,
        }
        for name, points in series
        for day, value in points
    ]
    chart = (
        alt.Chart(ROWS)
        .mark_line(strokeWidth=2)
        .encode(
            x=over_time(screen, _buckets(rows)),
            y=upwards(screen, None),
            color=by_series([name for name, _ in series], [BLUE, ORANGE]),
            tooltip=[
                alt.Tooltip("bucket:N", title=texts("chart.date")),
                alt.Tooltip("series:N", title=texts("chart.series")),
                alt.Tooltip("text:N", title=texts("chart.value")),
            ],
        )
        .properties(height=400, padding=PADDING)
    )
    draw(chart, rows, alt_text=texts("overview.messages_chart"))


def _buckets(rows: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["bucket"] for row in rows))


def _tooltip(screen: Screen, name: str) -> list[Any]:
    return [
        alt.Tooltip("bucket:N", title=screen.texts("chart.date")),
        alt.Tooltip("text:N", title=screen.texts(f"chart.{name}")),
    ]


def _count(screen: Screen, value: Any) -> str:
    return screen.formatter.number(value)
