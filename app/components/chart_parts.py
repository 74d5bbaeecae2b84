"""What charts share: axes, legends, numbers, and the way from a mark to its rows.

Axis texts are written here, because the browser knows only its own language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import altair as alt
import streamlit as st
from altair.utils import schemapi

from app.components.palette import SERIES
from app.components.screen import Screen
from app.data import Row

AXIS_WIDTH: Final = 44  # equal on charts that stand above each other, so that days line up
PADDING: Final = {"left": 2, "top": 6, "right": 2, "bottom": 0}  # Streamlit's own is generous
HOUR, MINUTE, DAY = 3600, 60, 86400
_NUMBER_LABEL: Final = {
    "en": "format(datum.value, ',.1~f')",
    "ru": "replace(replace(format(datum.value, ',.1~f'), ',', '\u00a0'), '.', ',')",
}
_SHARE_LABEL: Final = {
    "en": "format(datum.value * 100, '.0f') + '%'",
    "ru": "format(datum.value * 100, '.0f') + '\u00a0%'",
}
# Checking a chart against the schema of Vega-Lite takes longer than all else that draws it; the
# tests of the screens check.
schemapi.disable_debug_mode()
alt.theme.enable("none")  # Streamlit's own theme is put on in the browser
alt.data_transformers.disable_max_rows()
# Stands for the rows of a chart until it is drawn: Altair copies inline rows at every step.
ROWS: Final = alt.NamedData(name="rows")
_LOG_TICKS: Final = (1, 10, 60, 600, HOUR, 6 * HOUR, DAY, 7 * DAY)


def over_time(screen: Screen, names: Sequence[str], *, most: int = 8) -> Any:
    """Return the x axis of named buckets; labels are thinned to `most`, on a phone to fewer."""
    every = max(1, -(-len(names) // most))
    # A week is called by its first day: the axis has no room for more.
    prefix = screen.texts("period.week_of", day="")
    name = f"replace(datum.value, '{prefix}', '')"
    shown = f"indexof(domain('x'), datum.value) % {every} === 0 ? {name} : ''"
    axis = alt.Axis(
        title=None, labelAngle=0, labelOverlap="greedy", labelExpr=shown, ticks=False, grid=False
    )
    # The order is said, or each layer of a chart would bring its own.
    return alt.X("bucket:O", sort=None, axis=axis, scale=alt.Scale(domain=list(names)))


def upwards(screen: Screen, title: str | None, *, share: bool = False, **more: Any) -> Any:
    """Return a y axis of numbers (or of shares 0-1) with its title above."""
    labels = _SHARE_LABEL if share else _NUMBER_LABEL
    axis = alt.Axis(
        title=title,
        titleAnchor="end",
        titleAngle=0,
        titleAlign="left",
        titleX=-AXIS_WIDTH,
        titleY=-12,
        tickCount=4,
        minExtent=AXIS_WIDTH,
        maxExtent=AXIS_WIDTH,
        labelExpr=labels[screen.texts.language],
    )
    return alt.Y("value:Q", axis=axis, **more)


def log_seconds(screen: Screen, field: str, low: float, high: float) -> Any:
    """Return an x axis of durations on a log scale with the marks of a clock."""
    ticks = [tick for tick in _LOG_TICKS if low <= tick <= high]
    names = {tick: screen.formatter.duration(tick) for tick in ticks}
    label = " : ".join(f"datum.value === {tick} ? '{name}'" for tick, name in names.items())
    axis = alt.Axis(
        title=None,
        values=ticks,
        labelExpr=f"{label} : ''" if label else "''",
        grid=False,
        labelOverlap="greedy",
    )
    return alt.X(
        f"{field}:Q",
        scale=alt.Scale(type="log", domain=[low, high], nice=False, clamp=True),
        axis=axis,
    )


def by_series(names: Sequence[str], colours: Sequence[str] = SERIES) -> Any:
    """Return the colours of series with a legend below the chart."""
    return alt.Color(
        "series:N",
        sort=None,
        scale=alt.Scale(domain=list(names), range=list(colours)[: len(names)]),
        legend=alt.Legend(title=None, orient="bottom", direction="horizontal", offset=6, columns=4),
    )


def rule(screen: Screen, seconds: float, name: str, colour: str) -> Any:
    """Return a dashed upright line at a duration, named at its top."""
    text = f"{name}: {screen.formatter.duration(seconds)}"
    base = alt.Chart(alt.Data(values=[{"at": seconds, "text": text}])).encode(x=alt.X("at:Q"))
    line = base.mark_rule(color=colour, strokeDash=[5, 4], strokeWidth=1.6)
    label = base.mark_text(
        align="left", dx=4, dy=5, baseline="top", color=colour, fontSize=11.5, fontWeight=600
    ).encode(text=alt.Text("text:N"), y=alt.YValue(0))
    return line + label


def draw(chart: Any, rows: Sequence[Row], *, alt_text: str, **more: Any) -> None:
    """Draw a chart of `ROWS`.

    Args:
        rows: what `ROWS` stands for; layers with data of their own keep it.
        more: how Streamlit is to take clicks on it.
    """
    spec = chart.to_dict(validate=schemapi.DEBUG_MODE)
    _forget_rows(spec)
    st.vega_lite_chart(spec={"data": {"values": list(rows)}, **spec}, alt=alt_text, **more)


def _forget_rows(spec: dict[str, Any]) -> None:
    """Let all layers of `ROWS` take the data of the whole, so that it is sent once."""
    if spec.get("data") == {"name": ROWS.name}:
        del spec["data"]
    for layer in spec.get("layer", ()):
        _forget_rows(layer)


def clickable(
    layers: Sequence[Any],
    rows: Sequence[Row],
    *,
    key: str,
    alt_text: str,
    fields: Sequence[str],
    opened: Callable[..., None],
    height: int,
) -> None:
    """Draw a chart; a click on a mark of its first layer opens something.

    Args:
        rows: what `ROWS` stands for.
        fields: what identifies a mark; `opened` is called with these as keywords.
    """
    selection = alt.selection_point(name="mark", fields=list(fields), on="click", empty=False)

    def changed() -> None:
        marks = st.session_state[key].selection.get("mark") or []
        if marks:
            opened(**{field: marks[0][field] for field in fields})

    first, *others = layers
    chart = (
        alt.layer(first.add_params(selection), *others) if others else first.add_params(selection)
    )
    draw(
        chart.properties(height=height, padding=PADDING),
        rows,
        alt_text=alt_text,
        key=key,
        on_select=changed,
        selection_mode="mark",
    )
