"""What each agent did, how fast, and what came of it: side by side, never as a bare ranking."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.components import compare_charts, export, states
from app.components.breakdown import Breakdown, Column, breakdown
from app.components.header import page_header, show_sql
from app.components.screen import Screen, shown
from app.components.tile import COVERAGE_METRICS, TileSpec, metrics_of, tiles
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
            Column("conv_to_lead", "sales_conversations_matured", "agents.to_lead"),
            Column(
                "conv_to_purchase", "sales_conversations_matured_for_payment", "agents.purchase"
            ),
            Column("attributed_revenue", title="agents.revenue"),
        ),
    )


def render(screen: Screen) -> None:
    """Draw the page."""
    texts, header = screen.texts, page_header(screen, "agents")
    tables = (work_table(), result_table(screen))
    with st.spinner(texts("common.loading")):
        asked = [metric for table in tables for metric in table.metrics]
        figures = screen.figures.figures(
            metrics_of(TILES), screen.question, screen.grain, also=asked
        )
        coverage = screen.figures.values(COVERAGE_METRICS, screen.question)
    if not figures["participations"].value:
        states.nothing_in_period(screen)
        return
    tiles(screen, TILES, figures, coverage, screen.grain)
    st.caption(texts("agents.counts_note"))
    totals = {metric: figure.value for metric, figure in figures.items()}
    cells = _ranking(screen)
    for name, table in zip(("work", "results"), tables, strict=True):
        st.subheader(texts(f"agents.{name}"), anchor=False)
        st.caption(texts(f"agents.{name}_note"))
        rows = breakdown(screen, table, totals)
        cells += export.cells(rows, table.metrics, ["agent"])
    export.into(header, screen, figures.values(), cells)


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
