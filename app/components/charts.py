"""Charts of the overview. Axis texts are written here: the browser knows only its own language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import altair as alt
import streamlit as st

from app.components.screen import Screen
from app.period import Grain

Point = tuple[date, Any]
_BLUE, _GREEN, _ORANGE = "#5b67dd", "#16a394", "#e0873a"
_AXIS_WIDTH: Final = 44  # equal on charts that stand above each other, so that days line up
_HOUR, _MINUTE = 3600, 60
_HOURS_FROM: Final = 3 * _HOUR
_NUMBER_LABEL: Final = {
    "en": "format(datum.value, ',.1~f')",
    "ru": "replace(replace(format(datum.value, ',.1~f'), ',', '\u00a0'), '.', ',')",
}


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
        alt.Chart(alt.Data(values=rows))
        .mark_bar(color=_BLUE, cornerRadiusTopLeft=2, cornerRadiusTopRight=2)
        .encode(
            x=_x(len(rows)),
            y=_y(screen, screen.texts(f"chart.{name}")),
            tooltip=_tooltip(screen, name),
        )
        .properties(height=170)
    )
    st.altair_chart(chart, alt=screen.texts(f"chart.{name}"))


def clock_lines(
    screen: Screen, calendar: Sequence[Point], business: Sequence[Point], grain: Grain
) -> None:
    """Draw the median first response on both clocks; a bucket without answers is a gap."""
    texts, formatter = screen.texts, screen.formatter
    series = ((texts("chart.clock_calendar"), calendar), (texts("chart.clock_business"), business))
    highest = max((float(v) for _, points in series for _, v in points if v is not None), default=0)
    size, unit = (_HOUR, "hours") if highest >= _HOURS_FROM else (_MINUTE, "minutes")
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
        alt.Chart(alt.Data(values=rows))
        .mark_line(point=alt.OverlayMarkDef(size=22), strokeWidth=2)
        .encode(
            x=_x(len(calendar)),
            y=_y(screen, title),
            color=_colours([name for name, _ in series], [_ORANGE, _GREEN]),
            tooltip=[
                alt.Tooltip("bucket:N", title=texts("chart.date")),
                alt.Tooltip("series:N", title=" "),
                alt.Tooltip("text:N", title=texts("chart.frt")),
            ],
        )
        .properties(height=230)
    )
    st.altair_chart(chart, alt=title)


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
        alt.Chart(alt.Data(values=rows))
        .mark_line(strokeWidth=2, interpolate="monotone")
        .encode(
            x=_x(len(incoming)),
            y=_y(screen, None),
            color=_colours([name for name, _ in series], [_BLUE, _GREEN]),
            tooltip=[
                alt.Tooltip("bucket:N", title=texts("chart.date")),
                alt.Tooltip("series:N", title=texts("chart.series")),
                alt.Tooltip("text:N", title=texts("chart.value")),
            ],
        )
        .properties(height=400)
    )
    st.altair_chart(chart, alt=texts("overview.messages_chart"))


def _x(count: int) -> Any:
    # Labels are thinned by hand: Vega's own overlap rule drops all but a few of the long ones.
    every = max(1, round(count / 8))
    shown = f"indexof(domain('x'), datum.value) % {every} === 0 ? datum.value : ''"
    axis = alt.Axis(
        title=None, labelAngle=0, labelOverlap=False, labelExpr=shown, ticks=False, grid=False
    )
    return alt.X("bucket:O", sort=None, axis=axis)


def _y(screen: Screen, title: str | None) -> Any:
    axis = alt.Axis(
        title=title,
        titleAnchor="end",
        titleAngle=0,
        titleAlign="left",
        titleX=-_AXIS_WIDTH,
        titleY=-12,
        tickCount=4,
        minExtent=_AXIS_WIDTH,
        maxExtent=_AXIS_WIDTH,
        labelExpr=_NUMBER_LABEL[screen.texts.language],
    )
    return alt.Y("value:Q", axis=axis)


def _colours(names: Sequence[str], colours: Sequence[str]) -> Any:
    return alt.Color(
        "series:N",
        scale=alt.Scale(domain=list(names), range=list(colours)),
        legend=alt.Legend(title=None, orient="bottom", direction="horizontal", offset=6),
    )


def _tooltip(screen: Screen, name: str) -> list[Any]:
    return [
        alt.Tooltip("bucket:N", title=screen.texts("chart.date")),
        alt.Tooltip("text:N", title=screen.texts(f"chart.{name}")),
    ]


def _count(screen: Screen, value: Any) -> str:
    return screen.formatter.number(value)
