"""How long customers wait for an answer: how it is spread, when it is worst, and for whom."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app import data
from app.components import export, html, speed_charts
from app.components.breakdown import Breakdown, Column, breakdown
from app.components.header import choice, page_header, show_sql
from app.components.html import Cell
from app.components.page_figures import PageFigures, page_figures
from app.components.screen import Screen, shown
from app.components.speed_charts import HOURS, WEEKDAYS
from app.components.tile import TileSpec, definition_of, label_of
from app.data import Row
from app.state import address

_BY: Final = ("agent", "team", "channel")
# The same question, asked in other ways: what a reader would compare it with.
_DEFINITIONS: Final = (
    "frt_p50", "frt_p50_business", "frt_km_p50", "frt_km_p50_business", "frt_customer_view_p50",
    "frt_any",
)  # fmt: skip
_WAITED: Final = "conversations_awaiting"


def tile_specs(screen: Screen) -> tuple[TileSpec, ...]:
    """Return the tiles of the page on the chosen clock."""
    on = screen.on_clock
    return (
        TileSpec(on("frt_p50"), "down", has_target=True),
        TileSpec(on("afrt"), "down", beside=on("frt_km_p50"), has_target=True),
        TileSpec(on("frt_p90"), "down", has_target=True),
        TileSpec(on("frt_within_target"), "up"),
        TileSpec("answered_rate", "up"),
        TileSpec("open_unanswered", "down"),
    )


def render(screen: Screen) -> None:
    """Draw the page."""
    header = page_header(screen, "speed")
    specs = tile_specs(screen)
    also = ["first_responses", _WAITED, *_DEFINITIONS]
    figures = page_figures(screen, specs, also=also, shown_if=[_WAITED])
    if figures is None:
        return
    if not data.has_schedule(screen.version, screen.version.key):
        st.caption(screen.texts("overview.no_schedule"))
    figures.tiles(specs, columns=3)
    cells = _distribution(screen, figures)
    cells += _week(screen)
    cells += _by(screen, figures)
    _definitions(screen, figures)
    export.into(header, screen, figures, cells)


def _distribution(screen: Screen, figures: PageFigures) -> list[Row]:
    texts, question, on = screen.texts, screen.question, screen.on_clock
    bucket, median = on("first_response_bucket"), on("frt_km_p50")
    rows = screen.figures.split(["first_responses"], question, [bucket])
    curve, sql = screen.figures.survival(median, question)
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.markdown(f"**{texts('speed.histogram')}**")
        speed_charts.histogram(screen, sorted_by(rows, bucket), bucket, "first_responses")
        waited, answered = (figures[name].value or 0 for name in (_WAITED, "first_responses"))
        unanswered = screen.formatter.number(waited - answered)
        st.caption(texts("speed.histogram_note", unanswered=unanswered))
    with right.container(border=True, height="stretch"):
        st.markdown(f"**{texts('speed.curve')}**")
        speed_charts.waiting_curve(screen, curve, figures[median].value)
        low, high = curve.interval(0.5)
        ends = " \u2013 ".join(screen.formatter.duration(end) for end in (low, high))
        value = screen.formatter.duration(figures[median].value)
        st.caption(texts("speed.curve_note", median=value, ends=ends, n=curve.n))
    asked = screen.figures.sql(["first_responses"], question, by=[bucket])
    show_sql(screen, f"{asked};\n\n{sql}")
    return export.cells(rows, ["first_responses"], [bucket])


def _week(screen: Screen) -> list[Row]:
    texts, question, median = screen.texts, screen.question, screen.on_clock("frt_p50")
    metrics, dimensions = [_WAITED, median], [WEEKDAYS, HOURS]
    rows = screen.figures.split(metrics, question, dimensions)
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.markdown(f"**{texts('speed.week_volume')}**")
        speed_charts.week(screen, rows, _WAITED, volume=_WAITED, is_volume=True)
    with right.container(border=True, height="stretch"):
        st.markdown(f"**{texts('speed.week_speed')}**")
        speed_charts.week(screen, rows, median, volume=_WAITED, is_volume=False)
    st.caption(texts("speed.week_note", zone=screen.about.zone))
    show_sql(screen, screen.figures.sql(metrics, question, by=dimensions))
    return export.cells(rows, metrics, dimensions)


def table_of(screen: Screen, by: str) -> Breakdown:
    """Return the table by a dimension; who answered nobody is no agent, so agents have no rate."""
    on = screen.on_clock
    answered = Column("answered_rate", _WAITED)
    return Breakdown(
        name="speed",
        page="speed",
        by=by,
        base="first_responses" if by == "agent" else _WAITED,
        columns=(
            *(() if by == "agent" else (answered,)),
            Column(on("afrt"), title="speed.mean"),
            Column(on("frt_p50"), title="speed.p50"),
            Column(on("frt_p90"), title="speed.p90"),
            Column(on("frt_within_target"), on("first_responses_decided"), "speed.within"),
        ),
    )


def _by(screen: Screen, figures: PageFigures) -> list[Row]:
    texts = screen.texts
    st.subheader(texts("speed.by"), anchor=False)
    by = choice(screen, "by", _BY, "by")
    if by == "agent":
        st.caption(texts("speed.by_agent_note"))
    table = table_of(screen, by)
    totals = figures.totals
    decided = screen.figures.catalogue[screen.on_clock("frt_within_target")].denominator
    totals[str(decided)] = figures[screen.on_clock("frt_within_target")].n
    rows = breakdown(screen, table, totals)
    return export.cells(rows, table.metrics, [by])


def _definitions(screen: Screen, figures: PageFigures) -> None:
    """Show how the median depends on what is counted."""
    texts, catalogue = screen.texts, screen.figures.catalogue
    st.subheader(texts("speed.definitions"), anchor=False)
    st.caption(texts("speed.definitions_note"))
    html.table(
        [texts("column.metric"), texts("column.value"), texts("column.definition")],
        [
            [
                Cell(label_of(screen, catalogue[metric])),
                Cell(
                    screen.formatter.duration(figures[metric].value),
                    address("speed", screen.params(drill=metric)),
                    "num",
                ),
                Cell(definition_of(screen, catalogue[metric])),
            ]
            for metric in _DEFINITIONS
        ],
    )
    show_sql(screen, screen.figures.sql(_DEFINITIONS, screen.question))


def sorted_by(rows: list[Row], name: str) -> list[Row]:
    """Return rows in order of a number, those without it last."""
    return sorted(rows, key=lambda row: (row[name] is None, row[name] or 0))


_screen = shown()
if _screen is not None:
    render(_screen)
