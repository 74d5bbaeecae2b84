"""What each agent did, how fast, and what came of it: side by side, never as a bare ranking."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.components import compare_charts, export
from app.components.breakdown import Breakdown, Column, breakdown, results_of_conversations
from app.components.header import page_header, show_sql
from app.components.page_figures import page_figures
from app.components.screen import Screen, shown
from app.components.tile import TileSpec
from app.data import Row

TILES: Final = (
    TileSpec("participations"),
    TileSpec("participated_conversations"),
    TileSpec("participated_customers"),
    TileSpec("active_agents"),
)


def work_table() -> Breakdown:
    """Return the table of work: how much, and how much effort."""
    return Breakdown(
        name="work",
        page="agents",
        by="agent",
        base="participations",
        columns=(
            Column("participated_customers", title="agents.customers"),
            Column("participation_messages", title="agents.messages"),
            Column("first_responses"),
            Column("agent_effort", title="agents.effort"),
            Column("agent_effort_mean", title="agents.effort_each"),
        ),
    )


def result_table(screen: Screen) -> Breakdown:
    """Return the table of speed and results."""
    on = screen.on_clock
    return Breakdown(
        name="results",
        page="agents",
        by="agent",
        base="replies",
        columns=(
            Column(on("reply_time_p50"), title="agents.reply_p50"),
            Column(on("reply_time_p90"), title="agents.reply_p90"),
            Column(on("reply_within_target"), on("waits_decided"), "agents.within"),
            *results_of_conversations(),
        ),
    )


def render(screen: Screen) -> None:
    """Draw the page."""
    texts, header = screen.texts, page_header(screen, "agents")
    tables = (work_table(), result_table(screen))
    also = [metric for table in tables for metric in table.metrics]
    figures = page_figures(screen, TILES, also=also, shown_if=["participations"])
    if figures is None:
        return
    figures.tiles(TILES)
    st.caption(texts("agents.counts_note"))
    cells = _ranking(screen)
    for name, table in zip(("work", "results"), tables, strict=True):
        st.subheader(texts(f"agents.{name}"), anchor=False)
        st.caption(texts(f"agents.{name}_note"))
        rows = breakdown(screen, table, figures.totals)
        cells += export.cells(rows, table.metrics, ["agent"])
    export.into(header, screen, figures, cells)


def _ranking(screen: Screen) -> list[Row]:
    """Draw the share in time with its interval: overlapping ones cannot be told apart."""
    metric = screen.on_clock("reply_within_target")
    n = str(screen.figures.catalogue[metric].denominator)
    rows = screen.figures.split([metric, n], screen.question, ["agent"])
    with st.container(border=True):
        st.markdown(f"**{screen.texts('agents.in_time')}**")
        compare_charts.intervals(screen, rows, "agent", metric, n)
        st.caption(screen.texts("agents.in_time_note"))
    show_sql(screen, screen.figures.sql([metric, n], screen.question, by=["agent"]))
    return export.cells(rows, [metric, n], ["agent"])


_screen = shown()
if _screen is not None:
    render(_screen)
