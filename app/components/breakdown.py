"""Figures by a dimension as a table: what a value rests on, its interval, the way to its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.components import html
from app.components.formatting import NONE
from app.components.header import choice_of_order, show_sql
from app.components.html import Cell
from app.components.places import value_text
from app.components.screen import Screen
from app.components.tile import MIN_N, definition_of, label_of
from app.data import Row
from app.intervals import wilson
from app.place import Place
from app.state import address


@dataclass(frozen=True)
class Column:
    """A metric in a table.

    Attributes:
        n: metric that counts what a share rests on; gives the interval.
        title: key of a shorter name than the catalogue's.
        is_absent: the column is named, but nothing computes it yet.
    """

    metric: str
    n: str | None = None
    title: str | None = None
    is_absent: bool = False


@dataclass(frozen=True)
class Breakdown:
    """A table of metrics by one dimension.

    Attributes:
        name: of the table, for the address, the order and the texts.
        base: metric whose value is the n of a row.
        page: the address that its cells lead to.
    """

    name: str
    page: str
    by: str
    base: str
    columns: Sequence[Column]
    minimum: int = MIN_N

    @property
    def metrics(self) -> list[str]:
        """All metrics to ask for."""
        asked = (m for c in self.columns if not c.is_absent for m in (c.metric, c.n) if m)
        return list(dict.fromkeys([self.base, *asked]))


def results_of_conversations() -> tuple[Column, ...]:
    """Return the columns that say what came of conversations."""
    return (
        Column("conv_to_lead", "sales_conversations_matured", "breakdown.to_lead"),
        Column("conv_to_purchase", "sales_conversations_matured_for_payment", "breakdown.purchase"),
        Column("attributed_revenue", title="breakdown.revenue"),
    )


def breakdown(screen: Screen, table: Breakdown, totals: Mapping[str, Any]) -> list[Row]:
    """Draw the table; returns its rows.

    Args:
        totals: the metrics over everything, for the last line; what is not there is left empty.
    """
    rows = screen.figures.split(table.metrics, screen.question, [table.by])
    rows = [row for row in rows if any(row[metric] for metric in table.metrics)]
    if not rows:
        st.caption(screen.texts("tile.empty"))
        return []
    order = choice_of_order(screen, table.name, _orders(screen, table))
    rows = sorted(rows, key=_sorting(screen, table, order))
    lines = [[_name(screen, table, row), *_cells(screen, table, row)] for row in rows]
    classes = ["thin" if _is_thin(table, row) else "" for row in rows]
    if any(totals.get(metric) is not None for metric in table.metrics):
        all_of = {**dict.fromkeys(table.metrics), **totals, table.by: None}
        lines.append(
            [Cell(screen.texts("breakdown.all")), *_cells(screen, table, all_of, is_total=True)]
        )
        classes.append("total")
    html.table(_header(screen, table), lines, classes=classes)
    if "thin" in classes:
        st.caption(screen.texts("breakdown.thin", n=table.minimum))
    show_sql(screen, screen.figures.sql(table.metrics, screen.question, by=[table.by]))
    return rows


def _orders(screen: Screen, table: Breakdown) -> dict[str, str]:
    """Return what the table can be ordered by; the first is the default."""
    catalogue = screen.figures.catalogue
    named = {c.metric: _title(screen, c) for c in table.columns if not c.is_absent}
    base = {table.base: label_of(screen, catalogue[table.base])}
    return {**base, **named, "name": screen.texts("breakdown.by_name")}


def _sorting(screen: Screen, table: Breakdown, order: str) -> Callable[[Row], Any]:
    # Short times first, all else from large to small; who has too few cases comes last.
    is_time = order != "name" and screen.figures.catalogue[order].unit == "seconds"

    def key(row: Row) -> tuple[Any, ...]:
        name = value_text(screen, table.by, row[table.by])
        if order == "name":
            return (row[table.by] is None, name)
        value = row[order]
        number = 0.0 if value is None else float(value)
        is_last = row[table.by] is None, _is_thin(table, row), value is None
        return (*is_last, number if is_time else -number, name)

    return key


def _is_thin(table: Breakdown, row: Row) -> bool:
    return (row[table.base] or 0) < table.minimum


def _header(screen: Screen, table: Breakdown) -> list[str | tuple[str, str]]:
    catalogue = screen.figures.catalogue
    base = catalogue[table.base]
    header: list[str | tuple[str, str]] = [
        screen.texts(f"dimension.{table.by}"),
        (label_of(screen, base), definition_of(screen, base)),
    ]
    for column in table.columns:
        if column.metric == table.base:
            continue
        explained = (
            screen.texts(f"{column.title}_help")
            if column.is_absent
            else definition_of(screen, catalogue[column.metric])
        )
        header.append((_title(screen, column), explained))
    return header


def _title(screen: Screen, column: Column) -> str:
    if column.title:
        return screen.texts(column.title)
    return label_of(screen, screen.figures.catalogue[column.metric])


def _name(screen: Screen, table: Breakdown, row: Row) -> Cell:
    return Cell(value_text(screen, table.by, row[table.by]), None, "nowrap")


def _cells(screen: Screen, table: Breakdown, row: Row, *, is_total: bool = False) -> list[Cell]:
    columns = [Column(table.base), *(c for c in table.columns if c.metric != table.base)]
    return [_cell(screen, table, column, row, is_total=is_total) for column in columns]


def _cell(screen: Screen, table: Breakdown, column: Column, row: Row, *, is_total: bool) -> Cell:
    value = None if column.is_absent else row.get(column.metric)
    if value is None:
        return Cell(NONE, None, "num")
    unit = screen.figures.catalogue[column.metric].unit
    below = ""
    n = row.get(column.n) if column.n else None
    interval = wilson(float(value), int(n)) if n else None
    if interval is not None:
        low, high = interval
        formatter = screen.formatter
        ends = f"{formatter.share(low, 0)} \u2013 {formatter.share(high, 0)} · n = {n}"
        below = html.interval_bar(float(value), low, high, ends)
    place = [] if is_total else Place(((table.by, row[table.by]),)).items()
    link = address(table.page, screen.here(drill=column.metric, at=place, by=table.by))
    return Cell(screen.formatter.value(value, unit), link, "num", below)
