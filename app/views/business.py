"""What comes of conversations: leads, purchases, money, and how much of it can be linked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from app.components import cohort_table, compare_charts, export
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
_STARTED: Final = cohort_table.STARTED
BY: Final = ("channel", "agent", "topic", "team")
# Which metric has the money of which rule of attribution; the first is the default.
MODELS: Final[Mapping[str, str]] = {
    "last_touch": "attributed_revenue",
    "first_touch": "attributed_revenue_first_touch",
    "linear": "attributed_revenue_linear",
    "position_based": "attributed_revenue_position_based",
    "time_decay": "attributed_revenue_time_decay",
}


def money_table(by: str, model: str) -> Breakdown:
    """Return the three numbers of money that are always read together, by a dimension.

    Args:
        model: rule of attribution, of `MODELS`.
    """
    return Breakdown(
        name="money",
        page="business",
        by=by,
        base="touched_deals",
        minimum=0,
        columns=(
            Column("touched_revenue"),
            Column(MODELS[model]),
            Column("incremental", title="business.incremental", is_absent=True),
        ),
    )


def render(screen: Screen) -> None:
    """Draw the page."""
    texts, header = screen.texts, page_header(screen, "business")
    also = [_STARTED, "touched_deals", "touched_revenue", *MODELS.values()]
    figures = page_figures(screen, TILES, also=also, shown_if=[*metrics_of(TILES), _STARTED])
    if figures is None:
        return
    figures.tiles(TILES, columns=3)
    st.caption(texts("overview.business_note"))
    st.page_link("views/funnel.py", label=texts("business.to_funnel"), icon=":material/filter_alt:")
    cells = _cohorts(screen)
    cells += _money(screen, figures.totals)
    export.into(header, screen, figures, cells)


def _cohorts(screen: Screen) -> list[dict[str, Any]]:
    texts = screen.texts
    st.subheader(texts("business.cohorts"), anchor=False)
    grain = _cohort_step(screen)
    rows = screen.figures.split(cohort_table.METRICS, screen.question, [], grain)
    st.caption(texts("business.cohorts_note"))
    for place, conversion in zip(st.columns(2), cohort_table.CONVERSIONS, strict=True):
        with place.container(border=True, height="stretch"):
            st.markdown(f"**{texts(f'business.{conversion.metric}')}**")
            compare_charts.cohorts(
                screen, rows, conversion.metric, conversion.matured, _STARTED, grain
            )
    cohort_table.draw(screen, rows, grain)
    show_sql(screen, screen.figures.sql(cohort_table.METRICS, screen.question, grain))
    known = [c.metric for c in cohort_table.CONVERSIONS]
    others = [metric for metric in cohort_table.METRICS if metric not in known]
    return [*export.cells(rows, others, ["metric_time"]), *cohort_table.flags(rows)]


def _cohort_step(screen: Screen) -> Grain:
    """Draw the choice of the step; a day holds too few conversations for a rate."""
    first: Grain = "month" if screen.grain == "month" else "week"
    second: Grain = "week" if first == "month" else "month"
    return "month" if choice(screen, "cohort", (first, second), "by") == "month" else "week"


def _money(screen: Screen, totals: Mapping[str, Any]) -> list[dict[str, Any]]:
    texts = screen.texts
    st.subheader(texts("business.money"), anchor=False)
    by = choice(screen, "by", BY, "by")
    model = choice(screen, "model", tuple(MODELS), "model")
    st.caption(f"{texts(f'model_note.{model}')} {texts('business.money_note')}")
    table = money_table(by, model)
    rows = breakdown(screen, table, totals)
    if by == "topic" and all(row["topic"] == "unknown" for row in rows):
        st.caption(texts("business.no_topics"))
    return export.cells(rows, table.metrics, [by])


_screen = shown()
if _screen is not None:
    render(_screen)
