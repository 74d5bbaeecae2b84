"""Charts of response times: distribution, curve of the waiting, heat map of the week."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Any, Final

import altair as alt
import streamlit as st

from app.components.chart_parts import PADDING, ROWS, clickable, draw, log_seconds, rule, upwards
from app.components.palette import BAD, BLUE, GOOD, QUIET, SEQUENTIAL_BLUE, SEQUENTIAL_ORANGE
from app.components.places import bucket_edges, value_text
from app.components.screen import Screen
from app.components.tile import open_rows
from app.data import Row
from app.place import Place
from pipelines.semantics import Survival

HOURS, WEEKDAYS = "waiting_since_local_hour", "waiting_since_iso_weekday"
_CURVE_POINTS: Final = 240
_HEIGHT: Final = 270


def histogram(screen: Screen, rows: Sequence[Row], bucket: str, metric: str) -> None:
    """Draw how many answers came after how long, on a log scale, with the target.

    Args:
        bucket: the dimension of the buckets; `metric` counts the answers in each.
    """
    texts, formatter = screen.texts, screen.formatter
    total = sum(row[metric] or 0 for row in rows)
    target = screen.about.target_seconds
    named = {True: texts("speed.in_time"), False: texts("speed.late")}
    marks = []
    for row in rows:
        if row[bucket] is None or not row[metric]:
            continue
        low, high = bucket_edges(row[bucket])
        marks.append(
            {
                bucket: row[bucket],
                "low": low,
                "high": high,
                "value": row[metric],
                "series": named[(low * high) ** 0.5 <= target],
                "range": value_text(screen, bucket, row[bucket]),
                "text": f"{formatter.number(row[metric])} ({formatter.share(row[metric] / total)})",
            }
        )
    if not marks:
        st.caption(texts("tile.empty"))
        return
    low, high = min(m["low"] for m in marks), max(m["high"] for m in marks)
    low, high = min(low, target / 4), max(high, target * 4)
    x = log_seconds(screen, "low", low, high)
    bars = (
        alt.Chart(ROWS)
        .mark_bar(cornerRadiusTopLeft=2, cornerRadiusTopRight=2, binSpacing=1, cursor="pointer")
        .encode(
            x=x,
            x2=alt.X2("high"),
            y=upwards(screen, texts("speed.answers")),
            y2=alt.Y2Datum(0),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(domain=list(named.values()), range=[GOOD, BAD]),
                legend=alt.Legend(title=None, orient="bottom", direction="horizontal"),
            ),
            tooltip=[
                alt.Tooltip("range:N", title=texts("speed.after")),
                alt.Tooltip("text:N", title=texts("speed.answers")),
            ],
        )
    )

    def opened(**mark: Any) -> None:
        open_rows(metric, Place(((bucket, int(mark[bucket])),)))

    clickable(
        (bars, rule(screen, target, texts("speed.target"), QUIET)),
        marks,
        key="histogram",
        alt_text=texts("speed.histogram"),
        fields=[bucket],
        opened=opened,
        height=_HEIGHT,
    )


def waiting_curve(screen: Screen, curve: Survival, median: float | None) -> None:
    """Draw the share of customers who still wait, with its band, median and target."""
    texts, formatter = screen.texts, screen.formatter
    points = _thinned(curve)
    if not points:
        st.caption(texts("tile.empty"))
        return
    low, high = max(1.0, points[0]["at"]), points[-1]["at"]
    target = screen.about.target_seconds
    low, high = min(low, target / 4), max(high, target * 4)
    points.insert(0, {**points[0], "at": low, "value": 1.0, "low": 1.0, "high": 1.0})
    for point in points:
        point["time"] = formatter.duration(point["at"])
        point["text"] = formatter.share(point["value"])
        point["band"] = f"{formatter.share(point['low'])} \u2013 {formatter.share(point['high'])}"
    x = log_seconds(screen, "at", low, high)
    base = alt.Chart(ROWS)
    line = base.mark_line(interpolate="step-after", color=BLUE, strokeWidth=2).encode(
        x=x,
        y=upwards(screen, texts("speed.still_waiting"), share=True, scale=alt.Scale(domain=[0, 1])),
    )
    band = base.mark_area(interpolate="step-after", color=BLUE, opacity=0.18).encode(
        x=x, y=alt.Y("low:Q"), y2=alt.Y2("high")
    )
    touch = base.mark_point(opacity=0, size=120).encode(
        x=x,
        y=alt.Y("value:Q"),
        tooltip=[
            alt.Tooltip("time:N", title=texts("speed.after")),
            alt.Tooltip("text:N", title=texts("speed.still_waiting")),
            alt.Tooltip("band:N", title=texts("speed.band")),
        ],
    )
    layers = [band, line, touch, rule(screen, target, texts("speed.target"), QUIET)]
    if median is not None:
        half = alt.Chart(alt.Data(values=[{"at": median, "value": 0.5}]))
        layers.append(
            half.mark_point(filled=True, size=90, color=BAD, opacity=1).encode(
                x=alt.X("at:Q"), y=alt.Y("value:Q")
            )
        )
    draw(
        alt.layer(*layers).properties(height=_HEIGHT, padding=PADDING),
        points,
        alt_text=texts("speed.curve"),
    )


def week(screen: Screen, rows: Sequence[Row], metric: str, *, volume: str, is_volume: bool) -> None:
    """Draw a metric by weekday and hour of the company's zone.

    Args:
        volume: metric that counts what stands behind a cell; shown with it.
        is_volume: the metric is that count itself.
    """
    texts, formatter = screen.texts, screen.formatter
    unit = screen.figures.catalogue[metric].unit
    cells = [
        {
            HOURS: row[HOURS],
            WEEKDAYS: row[WEEKDAYS],
            "hour": f"{row[HOURS]:02}",
            "day": texts(f"weekday_short.{row[WEEKDAYS]}"),
            # On a log scale nought has no place.
            "value": max(float(row[metric]), 1.0) if row[metric] is not None else None,
            "where": ", ".join(value_text(screen, d, row[d]) for d in (WEEKDAYS, HOURS)),
            "text": formatter.value(row[metric], unit),
            "n": formatter.number(row[volume]),
        }
        for row in rows
        if row[HOURS] is not None and row[volume]
    ]
    hues = SEQUENTIAL_BLUE if is_volume else SEQUENTIAL_ORANGE
    scale = alt.Scale(type="linear" if is_volume else "log", range=list(hues), nice=False)
    label = texts("speed.waited") if is_volume else texts("speed.median")
    tooltip = [
        alt.Tooltip("where:N", title=texts("speed.when")),
        alt.Tooltip("text:N", title=label),
    ]
    if not is_volume:
        tooltip.append(alt.Tooltip("n:N", title=texts("speed.waited")))
    chart = (
        alt.Chart(ROWS)
        .mark_rect(cornerRadius=2, stroke="transparent", strokeWidth=1.5, cursor="pointer")
        .encode(
            x=alt.X(
                "hour:O",
                scale=alt.Scale(domain=[f"{hour:02}" for hour in range(24)], paddingInner=0.08),
                axis=alt.Axis(
                    title=None,
                    labelAngle=0,
                    ticks=False,
                    domain=False,
                    labelExpr="datum.value % 3 == 0 ? datum.value : ''",
                ),
            ),
            y=alt.Y(
                "day:O",
                scale=alt.Scale(
                    domain=[texts(f"weekday_short.{day}") for day in range(1, 8)],
                    paddingInner=0.08,
                ),
                axis=alt.Axis(title=None, ticks=False, domain=False),
            ),
            color=alt.Color("value:Q", scale=scale, legend=None),
            tooltip=tooltip,
        )
    )

    def opened(**mark: Any) -> None:
        open_rows(metric, Place(tuple((name, int(mark[name])) for name in (WEEKDAYS, HOURS))))

    clickable(
        (chart,),
        [cell for cell in cells if cell["value"] is not None],
        key=f"week_{'volume' if is_volume else 'speed'}",
        alt_text=label,
        fields=[WEEKDAYS, HOURS],
        opened=opened,
        height=210,
    )


def _thinned(curve: Survival) -> list[dict[str, Any]]:
    """Return few points of a curve: of those close together on the log scale, the last."""
    kept: dict[int, dict[str, Any]] = {}
    known = [point for point in curve.points if point.answered]
    if not known:
        return []
    low, high = max(known[0].seconds, 1.0), max(known[-1].seconds, 2.0)
    width = log(high / low) / _CURVE_POINTS or 1.0
    for point in known:
        slot = int(log(max(point.seconds, 1.0) / low) / width)
        kept[slot] = {
            "at": max(point.seconds, 1.0),
            "value": point.share,
            "low": point.low,
            "high": point.high,
        }
    return list(kept.values())
