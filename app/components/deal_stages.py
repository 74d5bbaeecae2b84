"""How the deals of a period went through the stages of their pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from app.components import export, html
from app.components.formatting import NONE
from app.components.header import show_sql
from app.components.html import Cell
from app.components.screen import Screen, keep_in_address
from app.components.tile import MIN_N, definition_of
from app.data import Row
from app.intervals import wilson
from app.place import Place
from app.state import address

ENTRIES: Final = "deal_stage_entries"
METRICS: Final = (
    ENTRIES, "deal_stage_passed", "deal_stage_lost", "deal_stage_standing",
    "deal_stage_reach_p50", "deal_stage_length_p50",
)  # fmt: skip
LOSS: Final = "deal_stage_loss_rate"
BY: Final = ("deal_pipeline", "deal_stage")
_MORE: Final = ("deal_stage_status", "deal_stage_order")
_ENDS: Final = ("won", "lost")


def draw(screen: Screen) -> list[dict[str, Any]]:
    """Draw the stages of a pipeline as a table; returns its cells for the export."""
    texts, question = screen.texts, screen.question
    blocked = screen.figures.blocked_by(ENTRIES, question)
    if blocked:
        st.info(texts("tile.blocked", filters=screen.filter_names(blocked)))
        return []
    asked = [*METRICS, LOSS]
    rows = screen.figures.split(asked, question, [*BY, *_MORE])
    rows = [row for row in rows if row[ENTRIES] and row["deal_stage"] is not None]
    if not rows:
        st.info(texts("funnel.no_deals"), icon=":material/inbox:")
        return []
    pipeline = _pipeline(screen, rows)
    chosen = ordered([row for row in rows if row["deal_pipeline"] == pipeline], rows)
    catalogue = screen.figures.catalogue
    header: list[str | tuple[str, str]] = [texts("dimension.deal_stage")]
    header += [
        (texts(f"funnel.{metric}"), definition_of(screen, catalogue[metric])) for metric in METRICS
    ]
    reached = max(row[ENTRIES] for row in chosen)
    html.table(
        header,
        [_line(screen, row, reached) for row in chosen],
        classes=["thin" if row[ENTRIES] < MIN_N else "" for row in chosen],
    )
    st.caption(texts("funnel.deals_note"))
    if any(row[ENTRIES] < MIN_N for row in chosen):
        st.caption(texts("breakdown.thin", n=MIN_N))
    show_sql(screen, screen.figures.sql(asked, question, by=[*BY, *_MORE]))
    return export.cells(rows, asked, list(BY))


def ordered(rows: Sequence[Row], known: Sequence[Row]) -> list[Row]:
    """Return the stages of a pipeline as deals go through them: as the CRM has them, else by time.

    The CRM's order is known of stages in which deals stand now; where it is not known of all, the
    median times to the stages decide.

    Args:
        known: the stages of all pipelines; those of one name stand for each other, because a
            median of few deals says little.
    """
    orders: dict[str, int] = {}
    times: dict[str, list[tuple[int, float]]] = {}
    for row in known:
        name = row["deal_stage"]
        if row["deal_stage_order"] is not None:
            orders.setdefault(name, row["deal_stage_order"])
        if row["deal_stage_reach_p50"] is not None:
            found = times.setdefault(name, [])
            found.append((row[ENTRIES], float(row["deal_stage_reach_p50"])))
    own = {
        r["deal_stage"]: r["deal_stage_order"] for r in rows if r["deal_stage_order"] is not None
    }
    orders |= own
    is_known = all(row["deal_stage"] in orders for row in rows)

    def key(row: Row) -> tuple[Any, ...]:
        status, name = row["deal_stage_status"], row["deal_stage"]
        end = _ENDS.index(status) + 1 if status in _ENDS else 0
        found = times.get(name, [(1, 0.0)])
        mean = sum(n * seconds for n, seconds in found) / sum(n for n, _ in found)
        return end, orders[name] if is_known else 0, mean, name

    return sorted(rows, key=key)


def _pipeline(screen: Screen, rows: Sequence[Row]) -> str | None:
    """Draw the choice of a pipeline, if there are several; the first is that of most deals."""
    sizes: dict[str | None, int] = {}
    for row in rows:
        name = row["deal_pipeline"]
        sizes[name] = max(sizes.get(name, 0), row[ENTRIES])
    names = sorted(sizes, key=lambda name: (-sizes[name], name or ""))
    if len(names) == 1:
        return names[0]
    if st.session_state.get("pipeline") not in names:
        st.session_state["pipeline"] = names[0]
    chosen: str | None = st.segmented_control(
        screen.texts("dimension.deal_pipeline"),
        names,
        key="pipeline",
        format_func=lambda name: name or NONE,
        required=True,
        label_visibility="collapsed",
    )
    if chosen != names[0] and chosen:
        keep_in_address(pipeline=chosen)
    return chosen


def _line(screen: Screen, row: Row, reached: int) -> list[Cell]:
    formatter, catalogue = screen.formatter, screen.figures.catalogue
    place = Place(tuple((name, row[name]) for name in BY)).items()
    width = row[ENTRIES] / reached
    cells = [
        Cell(
            row["deal_stage"],
            None,
            "stage",
            f'<i class="ot-ci"><b style="left:0;width:{width:.1%};opacity:1"></b></i>',
        )
    ]
    for metric in METRICS:
        value = row[metric]
        # A deal that is won or lost stands where it is for good.
        is_end = row["deal_stage_status"] in _ENDS and metric == "deal_stage_passed"
        if value is None or (is_end and not value):
            cells.append(Cell(NONE, None, "num"))
            continue
        link = address("funnel", screen.here(drill=metric, at=place)) if value else None
        below = _loss(screen, row) if metric == "deal_stage_lost" and value else ""
        text = formatter.value(value, catalogue[metric].unit)
        cells.append(Cell(text, link, "num", below))
    return cells


def _loss(screen: Screen, row: Row) -> str:
    share, n = row[LOSS], row[ENTRIES]
    found = wilson(float(share), int(n))
    if found is None:
        return ""
    formatter = screen.formatter
    low, high = found
    ends = (
        f"{formatter.share(share, 0)} ({formatter.share(low, 0)} \u2013 {formatter.share(high, 0)})"
    )
    return html.interval_bar(float(share), low, high, ends)
