"""Where conversations come from, how each channel is served, what it brings and costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from app.components import compare_charts, export
from app.components.breakdown import Breakdown, Column, breakdown, results_of_conversations
from app.components.header import choice, page_header, show_sql
from app.components.page_figures import page_figures
from app.components.screen import Screen, shown
from app.components.tile import TileSpec
from app.data import Row

TILES: Final = (
    TileSpec("conversations_started"),
    TileSpec("answered_rate", "up"),
    TileSpec("conv_to_lead", "up", is_business=True),
    TileSpec("spend"),
)
_BY: Final = ("channel_type", "channel", "source")
_STARTED: Final = "conversations_started"


def channel_table(screen: Screen, by: str) -> Breakdown:
    """Return the table of channels."""
    on = screen.on_clock
    return Breakdown(
        name="channels",
        page="channels",
        by=by,
        base=_STARTED,
        columns=(
            Column("answered_rate", "conversations_awaiting"),
            Column(on("frt_p50"), title="speed.p50"),
            Column(on("frt_within_target"), on("first_responses_decided"), "speed.within"),
            *results_of_conversations(),
        ),
    )


def spend_table() -> Breakdown:
    """Return the table of what leads cost and bring, by where they came from."""
    return Breakdown(
        name="spend",
        page="channels",
        by="lead_source",
        base="deals_created",
        minimum=0,
        columns=(
            Column("spend"),
            Column("deal_win_share", "deals_created"),
            Column("won_amount"),
            Column("paid_amount"),
        ),
    )


def render(screen: Screen) -> None:
    """Draw the page."""
    texts, header = screen.texts, page_header(screen, "channels")
    tables = (channel_table(screen, _BY[0]), spend_table())
    also = [metric for table in tables for metric in table.metrics]
    figures = page_figures(screen, TILES, also=also, shown_if=[_STARTED, "spend"])
    if figures is None:
        return
    figures.tiles(TILES)
    by = choice(screen, "by", _BY, "by")
    cells = _volume(screen, by)
    st.subheader(texts("channels.table"), anchor=False)
    cells += _table(screen, channel_table(screen, by), figures.totals)
    st.subheader(texts("channels.spend"), anchor=False)
    st.caption(texts("channels.spend_note"))
    cells += _table(screen, spend_table(), figures.totals)
    export.into(header, screen, figures, cells)


def _volume(screen: Screen, by: str) -> list[dict[str, Any]]:
    rows = screen.figures.split([_STARTED], screen.question, [by], screen.grain)
    with st.container(border=True):
        st.markdown(f"**{screen.texts('channels.volume')}**")
        compare_charts.stacked(screen, _by_bucket(rows), by, _STARTED, screen.grain)
    show_sql(screen, screen.figures.sql([_STARTED], screen.question, screen.grain, [by]))
    return export.cells(rows, [_STARTED], ["metric_time", by])


def _table(screen: Screen, table: Breakdown, totals: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = breakdown(screen, table, totals)
    return export.cells(rows, table.metrics, [table.by])


def _by_bucket(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["metric_time"] is not None]


_screen = shown()
if _screen is not None:
    render(_screen)
