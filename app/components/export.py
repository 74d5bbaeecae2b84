"""What is on screen as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from app.components.screen import Screen
from app.i18n import Texts
from app.metrics import Figure

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from app.components.page_figures import PageFigures

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_bytes(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    """Write rows as CSV in UTF-8 with a mark of the encoding, so that Excel reads Cyrillic.

    Numbers are raw (seconds, 0-1). A text that a spreadsheet would run as a formula is written as
    text: messages come from strangers.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
    return buffer.getvalue().encode("utf-8-sig")


FIGURE_COLUMNS: Final = (
    "metric", "label", "unit", "split", "item", "value", "previous", "n", "low", "high", "start",
    "end", "filters", "definition_version", "publication",
)  # fmt: skip


def into(
    place: DeltaGenerator,
    screen: Screen,
    figures: PageFigures,
    tables: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Draw the button that saves all figures of a page.

    Args:
        tables: figures of tables and charts, with `metric`, `split`, `item`, `value` and more.
    """
    rows = [*(_figure_row(figure) for figure in figures.figures.values()), *tables]
    catalogue = screen.figures.catalogue
    common = {
        "start": screen.period.start,
        "end": screen.period.end,
        "filters": screen.filter_text(),
        "definition_version": screen.about.definition_version,
        "publication": screen.about.version,
    }
    lines = []
    for row in rows:
        info = catalogue[row["metric"]]
        label = info.label_ru if screen.texts.language == "ru" else info.label_en
        lines.append({**common, "label": label, "unit": info.unit, **row})
    with place:
        download(screen.texts, screen.texts("common.export_name"), lines, FIGURE_COLUMNS)


def cells(
    rows: Iterable[Mapping[str, Any]], metrics: Sequence[str], split: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the cells of a table as rows of the export."""
    return [
        {
            "metric": metric,
            "split": " / ".join(split),
            "item": " / ".join("" if row[name] is None else str(row[name]) for name in split),
            "value": row.get(metric),
        }
        for row in rows
        for metric in metrics
    ]


def _figure_row(figure: Figure) -> dict[str, Any]:
    low, high = figure.interval or (None, None)
    return {
        "metric": figure.id,
        "value": figure.value,
        "previous": figure.previous,
        "n": figure.n,
        "low": low,
        "high": high,
    }


def download(
    texts: Texts,
    name: str,
    rows: Iterable[Mapping[str, Any]] | Callable[[], Iterable[Mapping[str, Any]]],
    columns: Sequence[str],
) -> None:
    """Draw the button that saves rows; rows given as a function are read at the click."""

    def content() -> bytes:
        return csv_bytes(rows() if callable(rows) else rows, columns)

    st.download_button(
        texts("common.csv"),
        content,
        file_name=f"otvet-{name}.csv",
        mime="text/csv",
        key=f"csv_{name}",
        icon=":material/download:",
        on_click="ignore",
    )


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value
