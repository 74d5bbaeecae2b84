"""The rows behind a figure, how they make it, and the SQL of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from app.components import export, html
from app.components.formatting import NONE
from app.components.html import Cell
from app.components.screen import Screen
from app.components.tile import TileSpec, definition_of, label_of, open_rows
from app.data import Row
from app.metrics import Figure
from app.row_context import context_of
from app.state import address
from pipelines.semantics import SemanticError

ROW_LIMIT: Final = 5000
_PAGE: Final = 20
_CONTEXT: Final = ("happened_at", "channel_name", "customer_label", "agent_name", "detail")


def drill_dialog(
    screen: Screen, spec: TileSpec, figures: Mapping[str, Figure], coverage: Mapping[str, Any]
) -> None:
    """Open a dialog with the rows behind a tile.

    Args:
        figures: the metric of the tile and, where there is one, its companion.
    """
    title = label_of(screen, figures[spec.metric].metric)

    @st.dialog(title, width="large", on_dismiss=lambda: open_rows(None))
    def opened() -> None:
        figure = _chosen_clock(screen, spec, figures)
        _passport(screen, spec, figure, coverage)
        try:
            _rows_and_sql(screen, figure)
        except SemanticError as error:
            st.warning(screen.texts("empty.error", message=str(error)))

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


def _passport(screen: Screen, spec: TileSpec, figure: Figure, coverage: Mapping[str, Any]) -> None:
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


def _rows_and_sql(screen: Screen, figure: Figure) -> None:
    texts, question = screen.texts, screen.question
    answer = screen.figures.rows(figure.id, question, ROW_LIMIT)
    entity = answer.dimensions[0]
    rows = sorted(answer.rows, key=lambda row: (-float(row["value"] or 0), str(row[entity])))
    aggregation = screen.figures.aggregation(figure.id)
    st.markdown(
        f"**{texts('drill.title')}** · "
        f"{texts('drill.aggregation').lower()}: {texts(f'aggregation.{aggregation}')}"
    )
    if rows:
        _table(screen, figure, rows, entity)
    else:
        st.info(texts("drill.none"))
    if len(rows) == ROW_LIMIT:
        st.caption(texts("drill.capped", limit=screen.formatter.number(ROW_LIMIT)))
    with st.expander(texts("common.sql"), icon=":material/code:"):
        st.caption(texts("drill.sql_value"))
        st.code(screen.figures.sql([figure.id], question), language="sql")
        st.caption(texts("drill.sql_rows"))
        st.code(answer.sql, language="sql")


def _table(screen: Screen, figure: Figure, rows: Sequence[Row], entity: str) -> None:
    texts = screen.texts
    numbers = [name for name in ("value", "numerator", "denominator") if name in rows[0]]
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
        export.download(texts, figure.id, _exported(screen, figure, rows), [entity, *numbers])
    context = context_of(part, entity, screen.version)
    used = [name for name in _CONTEXT if any(row[name] is not None for row in context.values())]
    with place:
        html.table(
            [texts("column.entity"), *(texts(f"column.{name}") for name in (*used, *numbers))],
            [_line(screen, figure, row, entity, context.get(row[entity]), used) for row in part],
        )


def _exported(screen: Screen, figure: Figure, rows: Sequence[Row]) -> Sequence[Row]:
    """Return all rows for the file, also where the screen shows the first ones only."""
    if len(rows) < ROW_LIMIT:
        return rows
    return screen.figures.rows(figure.id, screen.question).rows


def _line(
    screen: Screen,
    figure: Figure,
    row: Row,
    entity: str,
    context: Row | None,
    used: Sequence[str],
) -> list[Cell]:
    formatter, unit = screen.formatter, figure.metric.unit
    conversation = (context or {}).get("conversation_key")
    link = (
        address("conversations", screen.params(conversation=conversation)) if conversation else None
    )
    cells = [Cell(str(row[entity])[:8], link, "nowrap")]
    for name in used:
        value = (context or {}).get(name)
        cells.append(Cell(_context_text(screen, entity, name, value), None, "nowrap"))
    cells.append(Cell(formatter.value(row["value"], unit), None, "num"))
    cells += [
        Cell(formatter.number(row[name]), None, "num")
        for name in ("numerator", "denominator")
        if name in row
    ]
    return cells


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
