"""How many customers came, how fast they were answered, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import data
from app.components import charts, export, states
from app.components.drill import drill_dialog
from app.components.screen import Screen, keep_in_address, shown
from app.components.tile import COVERAGE_METRICS, SECTIONS, TILES, TileSpec, label_of, tile
from app.metrics import Figure
from app.period import Grain

_CHARTS = ("conversations_started", "frt_p50", "frt_p50_business", "messages_in", "messages_out")
_EXPORTED = (
    "metric", "label", "unit", "value", "previous", "n", "low", "high", "start", "end", "filters",
    "definition_version", "publication",
)  # fmt: skip
_TILE_WIDTH = 225


def render(screen: Screen) -> None:
    """Draw the page."""
    texts = screen.texts
    grain = screen.state.grain or screen.period.natural_grain()
    metrics = list(
        dict.fromkeys(m for spec in TILES for m in (spec.metric, spec.companion) if m is not None)
    )
    with st.spinner(texts("overview.loading")):
        figures = screen.figures.figures(metrics, screen.question, grain)
        coverage = screen.figures.values(COVERAGE_METRICS, screen.question)
    _header(screen, figures)
    if not _has_any(figures):
        states.nothing_in_period(screen)
        return
    for name, specs in SECTIONS.items():
        st.subheader(texts(f"overview.{name}"), anchor=False)
        _note(screen, name)
        with st.grid(4, min_column_width=_TILE_WIDTH, gap="small"):
            for spec in specs:
                tile(screen, spec, figures, coverage, grain)
        if name == "volume":
            _trends(screen, grain)
    _any_other(screen, coverage, grain)
    _rows(screen, figures, coverage)


def _header(screen: Screen, figures: Mapping[str, Figure]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.title(
            f"{screen.texts('overview.title')} · {screen.formatter.period(screen.period)}",
            anchor=False,
        )
        export.download(
            screen.texts,
            screen.texts("overview.export_name"),
            [_exported(screen, figure) for figure in figures.values()],
            _EXPORTED,
        )


def _note(screen: Screen, section: str) -> None:
    if section == "speed":
        target = screen.formatter.duration(screen.about.target_seconds)
        note = screen.texts("overview.speed_note", target=target)
        if not data.has_schedule(screen.version, screen.version.key):
            note = f"{note} {screen.texts('overview.no_schedule')}"
        st.caption(note)
    elif section == "business":
        st.caption(screen.texts("overview.business_note"))


def _trends(screen: Screen, grain: Grain) -> None:
    texts = screen.texts
    trends = screen.figures.trends(_CHARTS, screen.question, grain)
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.markdown(f"**{texts('overview.conversations_chart')}**")
        charts.bars(screen, "conversations", trends["conversations_started"], grain)
        charts.clock_lines(screen, trends["frt_p50"], trends["frt_p50_business"], grain)
    with right.container(border=True, height="stretch"):
        st.markdown(f"**{texts('overview.messages_chart')}**")
        if "messages_in" in trends:
            charts.messages(screen, trends["messages_in"], trends["messages_out"], grain)
        else:
            blocked = screen.figures.blocked_by("messages_in", screen.question)
            st.caption(texts("tile.blocked", filters=screen.filter_names(blocked)))
    with st.expander(texts("common.sql"), icon=":material/code:"):
        st.code(screen.figures.sql(_CHARTS, screen.question, grain), language="sql")


def _any_other(screen: Screen, coverage: Mapping[str, Any], grain: Grain) -> None:
    texts, catalogue = screen.texts, screen.figures.catalogue
    on_tiles = {spec.metric for spec in TILES}
    others = [metric for metric in catalogue if metric not in on_tiles]
    st.subheader(texts("overview.other"), anchor=False)
    chosen = st.selectbox(
        texts("overview.other_pick"),
        others,
        index=None,
        key="other_metric",
        format_func=lambda metric: label_of(screen, catalogue[metric]),
        label_visibility="collapsed",
        placeholder=texts("overview.other_pick"),
        width=420,
    )
    if chosen is None:
        return
    figures = screen.figures.figures([chosen], screen.question, grain)
    with st.grid(4, min_column_width=_TILE_WIDTH):
        tile(screen, TileSpec(chosen), figures, coverage, grain)


def _rows(screen: Screen, figures: Mapping[str, Figure], coverage: Mapping[str, Any]) -> None:
    metric = st.session_state.get("drill")
    if metric not in screen.figures.catalogue:
        return
    keep_in_address(drill=metric)
    spec = next((spec for spec in TILES if spec.metric == metric), TileSpec(metric))
    if metric not in figures:
        figures = screen.figures.figures([metric], screen.question)
    drill_dialog(screen, spec, figures, coverage)


def _has_any(figures: Mapping[str, Figure]) -> bool:
    return any(figure.value for figure in figures.values())


def _exported(screen: Screen, figure: Figure) -> dict[str, Any]:
    low, high = figure.interval or (None, None)
    return {
        "metric": figure.id,
        "label": label_of(screen, figure.metric),
        "unit": figure.metric.unit,
        "value": figure.value,
        "previous": figure.previous,
        "n": figure.n,
        "low": low,
        "high": high,
        "start": figure.period.start,
        "end": figure.period.end,
        "filters": screen.filter_text(),
        "definition_version": screen.about.definition_version,
        "publication": screen.about.version,
    }


_screen = shown()
if _screen is not None:
    render(_screen)
