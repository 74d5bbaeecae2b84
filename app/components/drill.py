"""The rows behind a figure, how they make it, and the SQL of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from app.components import export, html
from app.components.formatting import NONE
from app.components.html import Cell
from app.components.places import place_text
from app.components.screen import Screen, keep_in_address
from app.components.tile import (
    COVERAGE_METRICS,
    TILES,
    TileSpec,
    definition_of,
    label_of,
    open_rows,
)
from app.data import Row
from app.metrics import Figure, Question
from app.place import Place, parse_place
from app.row_context import context_of
from app.state import address
from pipelines.semantics import SemanticError

ROW_LIMIT: Final = 5000
_PAGE: Final = 20
# What such a metric says depends on how many deals could be linked to chats.
_OF_DEALS: Final = ("attributed_", "conv_to_", "deal", "funnel_", "touched_")
_PARTS: Final = ("numerator", "denominator", "answered")
_CONTEXT: Final = ("happened_at", "channel_name", "customer_label", "agent_name", "detail")


def show_opened(screen: Screen) -> None:
    """Open a dialog with the rows behind the figure that was asked for, on whatever page."""
    metric = st.session_state.get("drill")
    if metric not in screen.figures.catalogue:
        return
    place = parse_place(st.session_state.get("at") or ())
    keep_in_address(drill=metric, at=place.items())
    other = TileSpec(metric, is_business=metric.startswith(_OF_DEALS))
    spec = next((spec for spec in TILES if spec.metric == metric), other)
    question = place.narrow(screen.question)
    asked = [spec.metric, *([spec.companion] if spec.companion else [])]
    figures = screen.figures.figures(asked, question)
    coverage = screen.figures.values(COVERAGE_METRICS, screen.question)
    _dialog(Drill(screen, spec, question, place, figures, coverage))


@dataclass(frozen=True)
class Drill:
    """A figure whose rows are shown."""

    screen: Screen
    spec: TileSpec
    question: Question
    place: Place
    figures: Mapping[str, Figure]
    coverage: Mapping[str, Any]


def _dialog(drill: Drill) -> None:
    title = label_of(drill.screen, drill.figures[drill.spec.metric].metric)

    @st.dialog(title, width="large", on_dismiss=lambda: open_rows(None))
    def opened() -> None:
        figure = _chosen_clock(drill.screen, drill.spec, drill.figures)
        _passport(drill, figure)
        try:
            _rows_and_sql(drill.screen, drill.question, figure)
        except SemanticError as error:
            st.warning(drill.screen.texts("empty.error", message=str(error)))

    opened()


def _chosen_clock(screen: Screen, spec: TileSpec, figures: Mapping[str, Figure]) -> Figure:
    if spec.companion is None:
        return figures[spec.metric]
    names = {
        spec.metric: screen.texts("tile.calendar"),
        spec.companion: screen.texts("tile.business"),
    }
    chosen = st.segmented_control(
        screen.texts("drill.clock"),
        list(names),
        default=spec.metric,
        format_func=lambda metric: names[metric],
        required=True,
        label_visibility="collapsed",
    )
    return figures[str(chosen)]


def _passport(drill: Drill, figure: Figure) -> None:
    screen, spec, coverage = drill.screen, drill.spec, drill.coverage
    texts, formatter, unit = screen.texts, screen.formatter, figure.metric.unit
    st.caption(definition_of(screen, figure.metric))
    base = NONE
    if figure.n is not None:
        counted = screen.figures.catalogue[figure.metric.denominator or figure.id]
        base = texts("drill.of", n=formatter.number(figure.n), label=label_of(screen, counted))
    pairs = [
        (texts("drill.value"), formatter.value(figure.value, unit)),
        (texts("drill.base"), base),
        (texts("drill.period"), formatter.period(figure.period)),
        (
            texts("drill.previous"),
            texts(
                "drill.previous_value",
                value=formatter.value(figure.previous, unit),
                period=formatter.period(figure.period.previous()),
            ),
        ),
        (texts("drill.filters"), screen.filter_text()),
        (texts("drill.coverage"), _coverage(screen, spec, coverage)),
        (texts("drill.freshness"), formatter.moment(screen.data_until())),
        (
            texts("drill.versions"),
            texts(
                "drill.version_text",
                definition=screen.about.definition_version,
                publication=screen.about.version,
            ),
        ),
        (texts("drill.metric"), figure.id),
    ]
    if drill.place.values:
        pairs.insert(3, (texts("drill.place"), place_text(screen, drill.place)))
    if figure.interval is not None:
        low, high = (formatter.share(end) for end in figure.interval)
        pairs.insert(2, (texts("drill.interval"), f"{low} \u2013 {high}"))
    html.facts(pairs, wide=True)


def _coverage(screen: Screen, spec: TileSpec, coverage: Mapping[str, Any]) -> str:
    texts, formatter = screen.texts, screen.formatter
    if spec.is_business:
        value = formatter.share(coverage.get("deal_link_coverage"))
        return texts("drill.coverage_deals", value=value)
    return texts(
        "drill.coverage_authors",
        n=formatter.number(coverage.get("messages_unknown_author")),
        total=formatter.number(coverage.get("messages_total")),
    )


def _rows_and_sql(screen: Screen, question: Question, figure: Figure) -> None:
    texts = screen.texts
    answer = screen.figures.rows(figure.id, question, ROW_LIMIT)
    entity = answer.dimensions[0]
    rows = sorted(answer.rows, key=lambda row: (-float(row["value"] or 0), str(row[entity])))
    aggregation = screen.figures.aggregation(figure.id)
    st.markdown(
        f"**{texts('drill.title')}** · "
        f"{texts('drill.aggregation').lower()}: {texts(f'aggregation.{aggregation}')}"
    )
    if rows:
        _table(screen, question, figure, rows, entity)
    else:
        st.info(texts("drill.none"))
    if len(rows) == ROW_LIMIT:
        st.caption(texts("drill.capped", limit=screen.formatter.number(ROW_LIMIT)))
    with st.expander(texts("common.sql"), icon=":material/code:", type="compact"):
        st.caption(texts("drill.sql_value"))
        st.code(screen.figures.sql([figure.id], question), language="sql")
        st.caption(texts("drill.sql_rows"))
        st.code(answer.sql, language="sql")


def _table(
    screen: Screen, question: Question, figure: Figure, rows: Sequence[Row], entity: str
) -> None:
    texts = screen.texts
    numbers = [name for name in ("value", *_PARTS) if name in rows[0]]
    pages = -(-len(rows) // _PAGE)
    place = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        page = st.pagination(pages, key=f"page_{figure.id}") if pages > 1 else 1
        first = (page - 1) * _PAGE
        part = rows[first : first + _PAGE]
        st.caption(
            texts(
                "drill.shown",
                first=first + 1,
                last=first + len(part),
                total=screen.formatter.number(len(rows)),
            )
        )
        export.download(
            texts, figure.id, lambda: _exported(screen, question, figure, rows), [entity, *numbers]
        )
    context = context_of(part, entity, screen.version)
    used = [name for name in _CONTEXT if any(row[name] is not None for row in context.values())]
    with place:
        html.table(
            [texts("column.entity"), *(texts(f"column.{name}") for name in (*used, *numbers))],
            [_line(screen, figure, row, entity, context.get(row[entity]), used) for row in part],
        )


def _exported(
    screen: Screen, question: Question, figure: Figure, rows: Sequence[Row]
) -> Sequence[Row]:
    """Return all rows for the file, also where the screen shows the first ones only."""
    if len(rows) < ROW_LIMIT:
        return rows
    return screen.figures.rows(figure.id, question).rows


def _line(
    screen: Screen,
    figure: Figure,
    row: Row,
    entity: str,
    context: Row | None,
    used: Sequence[str],
) -> list[Cell]:
    formatter, unit = screen.formatter, figure.metric.unit
    cells = [Cell(str(row[entity])[:8], _leads_to(screen, context or {}), "nowrap")]
    for name in used:
        value = (context or {}).get(name)
        cells.append(Cell(_context_text(screen, entity, name, value), None, "nowrap"))
    cells.append(Cell(formatter.value(row["value"], unit), None, "num"))
    cells += [Cell(formatter.number(row[name]), None, "num") for name in _PARTS if name in row]
    return cells


def _leads_to(screen: Screen, context: Row) -> str | None:
    """Return the address of the transcript behind a row, else of the journey of its deal."""
    if conversation := context.get("conversation_key"):
        return address("conversations", screen.params(conversation=conversation))
    deal = context.get("deal_key")
    return address("deals", screen.params(deal=deal)) if deal else None


def _context_text(screen: Screen, entity: str, name: str, value: Any) -> str:
    if value is None:
        return NONE
    if name == "happened_at":
        return screen.formatter.moment(value)
    if name in ("customer_label", "agent_name"):
        return screen.formatter.person(value)
    if name == "detail":
        group = {"conversation": "outcome", "payment": "payment"}.get(entity)
        return screen.texts.code(group, value) if group else str(value)
    return str(value)
