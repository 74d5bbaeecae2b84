"""Cohorts as a table: what became of conversations by when they started, and what is too early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import streamlit as st

from app.components import html
from app.components.formatting import NONE
from app.components.html import Cell
from app.components.screen import Screen
from app.components.tile import MIN_N, definition_of, label_of
from app.data import Row
from app.intervals import wilson
from app.period import Grain, Period, last_day
from app.place import Place
from app.state import address


@dataclass(frozen=True)
class Conversion:
    """A share that can be told only some days after a conversation began.

    Attributes:
        matured: counts the conversations whose window has passed.
        days: length of the window.
    """

    metric: str
    matured: str
    days: int


_NEWEST: Final = 12
STARTED: Final = "sales_conversations_started"
REVENUE: Final = "attributed_revenue"
CONVERSIONS: Final = (
    Conversion("conv_to_lead", "sales_conversations_matured", 7),
    Conversion("conv_to_purchase", "sales_conversations_matured_for_payment", 30),
)
METRICS: Final = (
    STARTED, "answered_rate", *(c.metric for c in CONVERSIONS), *(c.matured for c in CONVERSIONS),
    REVENUE,
)  # fmt: skip


def is_whole(row: Row, conversion: Conversion) -> bool:
    """Return whether the window of every conversation of the cohort has passed."""
    return bool(row[STARTED]) and (row[conversion.matured] or 0) == row[STARTED]


def draw(screen: Screen, rows: Sequence[Row], grain: Grain) -> None:
    """Draw the cohorts, the newest first."""
    texts, catalogue = screen.texts, screen.figures.catalogue
    shown = [row for row in rows if row["metric_time"] is not None and row[STARTED]]
    header: list[str | tuple[str, str]] = [texts("business.cohort")]
    names = (STARTED, "answered_rate", *(c.metric for c in CONVERSIONS), REVENUE)
    titles = {STARTED: "cohorts.started", "answered_rate": "cohorts.answered"}
    for metric in names:
        info = catalogue[metric]
        title = texts(titles[metric]) if metric in titles else label_of(screen, info)
        header.append((title, definition_of(screen, info)))
    header.append((texts("cohorts.each"), texts("cohorts.each_help")))
    html.table(
        header,
        [
            _line(screen, row, grain)
            for row in sorted(shown, key=lambda row: row["metric_time"], reverse=True)[:_NEWEST]
        ],
    )
    if len(shown) > _NEWEST:
        st.caption(texts("cohorts.newest", n=_NEWEST))


def _line(screen: Screen, row: Row, grain: Grain) -> list[Cell]:
    formatter = screen.formatter
    first: date = row["metric_time"]
    period = Period(max(first, screen.period.start), min(last_day(first, grain), screen.period.end))
    place = Place((), period).items()

    def link(metric: str) -> str:
        return address("business", screen.here(drill=metric, at=place))

    cells = [Cell(formatter.bucket(first, grain), None, "nowrap")]
    cells.append(Cell(formatter.number(row[STARTED]), link(STARTED), "num"))
    cells.append(Cell(formatter.share(row["answered_rate"]), link("answered_rate"), "num"))
    cells += [_conversion(screen, row, c, period, link(c.metric)) for c in CONVERSIONS]
    # Money comes in for as long as deals are paid: until the windows have passed it is what it is
    # so far.
    is_ripe = all(is_whole(row, conversion) for conversion in CONVERSIONS)
    kind, note = (
        ("num", "") if is_ripe else ("num early", html.note(screen.texts("cohorts.so_far")))
    )
    money = row[REVENUE]
    cells.append(Cell(formatter.money(money), link(REVENUE) if money else None, kind, note))
    each = float(money) / row[STARTED] if money is not None else None
    cells.append(Cell(formatter.money(each), None, kind, note))
    return cells


def _conversion(
    screen: Screen, row: Row, conversion: Conversion, period: Period, link: str
) -> Cell:
    """Return the share of a cohort; one that is too early says when it can be read."""
    texts, formatter = screen.texts, screen.formatter
    base, value = int(row[conversion.matured] or 0), row[conversion.metric]
    found = wilson(float(value), base) if base and value is not None else None
    if is_whole(row, conversion) and found is not None:
        ends = f"{formatter.share(found[0], 0)} \u2013 {formatter.share(found[1], 0)} · n = {base}"
        kind = "num thin" if base < MIN_N else "num"
        return Cell(formatter.share(value), link, kind, html.note(ends))
    ripe = period.end + timedelta(days=conversion.days + 1)
    when = texts("cohorts.ripe_on", day=formatter.short_day(ripe))
    if not base:
        return Cell(NONE, None, "num early", html.note(when))
    part = texts("cohorts.part", n=base, total=row[STARTED])
    return Cell(formatter.share(value), link, "num early", html.note(f"{part} · {when}"))


def flags(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return whether each cohort is ripe, as rows that a file can hold."""
    return [
        {
            "metric": conversion.metric,
            "split": "metric_time",
            "item": f"{row['metric_time']}{'' if is_whole(row, conversion) else ' (immature)'}",
            "value": row[conversion.metric],
            "n": row[conversion.matured],
        }
        for row in rows
        for conversion in CONVERSIONS
    ]
