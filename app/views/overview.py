"""How many customers came, how fast they were answered, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import data
from app.components import charts, export
from app.components.header import page_header, show_sql
from app.components.page_figures import page_figures
from app.components.screen import Screen, shown
from app.components.tile import SECTIONS, TILES, TileSpec, label_of, tiles
from app.period import Grain

_CHARTS = ("conversations_started", "frt_p50", "frt_p50_business", "messages_in", "messages_out")


def render(screen: Screen) -> None:
    """Draw the page."""
    texts = screen.texts
    grain = screen.grain
    header = page_header(screen, "overview")
    figures = page_figures(screen, TILES)
    if figures is None:
        return
    for name, specs in SECTIONS.items():
        st.subheader(texts(f"overview.{name}"), anchor=False)
        _note(screen, name)
        figures.tiles(specs)
        if name == "volume":
            _trends(screen, grain)
    _any_other(screen, figures.coverage, grain)
    export.into(header, screen, figures)


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
    show_sql(screen, screen.figures.sql(_CHARTS, screen.question, grain))


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
    tiles(screen, [TileSpec(chosen)], figures, coverage, grain)


_screen = shown()
if _screen is not None:
    render(_screen)
