"""What comes of conversations: leads, purchases, money, and how much of it can be linked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from app.components import compare_charts, export, funnel
from app.components.breakdown import Breakdown, Column, breakdown
from app.components.header import choice, page_header, show_sql
from app.components.page_figures import page_figures
from app.components.screen import Screen, shown
from app.components.tile import TileSpec, metrics_of
from app.period import Grain

TILES: Final = (
    TileSpec("conv_to_lead", "up", is_business=True),
    TileSpec("conv_to_purchase", "up", is_business=True),
    TileSpec("touched_revenue", "up", is_business=True),
    TileSpec("attributed_revenue", "up", is_business=True),
    TileSpec("net_revenue", "up", is_business=True),
    TileSpec("deal_link_coverage", "up", is_business=True),
)
_STARTED: Final = "sales_conversations_started"
_COHORTS: Final = {
    "conv_to_lead": "sales_conversations_matured",
    "conv_to_purchase": "sales_conversations_matured_for_payment",
}
_BY: Final = ("channel", "agent", "team")


def money_table(by: str) -> Breakdown:
    """Return the three numbers of money that are always read together, by a dimension."""
    return Breakdown(
        name="money",
        page="business",
        by=by,
        base="touched_deals",
        minimum=0,
        columns=(
            Column("touched_revenue"),
            Column("attributed_revenue"),
            Column("incremental", title="business.incremental", is_absent=True),
        ),
    )


def render(screen: Screen) -> None:
    """Draw the page."""
    texts, header = screen.texts, page_header(screen, "business")
    also = [*funnel.STAGES, _STARTED, *money_table(_BY[0]).metrics]
    figures = page_figures(screen, TILES, also=also, shown_if=[*metrics_of(TILES), _STARTED])
    if figures is None:
        return
    figures.tiles(TILES, columns=3)
    st.caption(texts("overview.business_note"))
    st.subheader(texts("business.funnel"), anchor=False)
    with st.container(border=True):
        funnel.draw(screen, figures.figures)
    show_sql(screen, screen.figures.sql(funnel.STAGES, screen.question))
    cells = _cohorts(screen)
    cells += _money(screen, figures.totals)
    export.into(header, screen, figures, cells)


def _cohorts(screen: Screen) -> list[dict[str, Any]]:
    texts, grain = screen.texts, cohort_grain(screen)
    asked = [*_COHORTS, *_COHORTS.values(), _STARTED]
    rows = screen.figures.split(asked, screen.question, [], grain)
    st.subheader(texts("business.cohorts"), anchor=False)
    st.caption(texts("business.cohorts_note"))
    for place, (metric, matured) in zip(st.columns(2), _COHORTS.items(), strict=True):
        with place.container(border=True, height="stretch"):
            st.markdown(f"**{texts(f'business.{metric}')}**")
            compare_charts.cohorts(screen, rows, metric, matured, _STARTED, grain)
    show_sql(screen, screen.figures.sql(asked, screen.question, grain))
    return export.cells(rows, asked, ["metric_time"])


def cohort_grain(screen: Screen) -> Grain:
    """Return the step of cohorts: a day holds too few conversations for a rate."""
    return "week" if screen.grain == "day" else screen.grain


def _money(screen: Screen, totals: Mapping[str, Any]) -> list[dict[str, Any]]:
    texts = screen.texts
    st.subheader(texts("business.money"), anchor=False)
    by = choice(screen, "by", _BY, "by")
    st.caption(texts("business.money_note"))
    table = money_table(by)
    rows = breakdown(screen, table, totals)
    return export.cells(rows, table.metrics, [by])


_screen = shown()
if _screen is not None:
    render(_screen)
