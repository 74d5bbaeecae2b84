"""What is on screen as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from app.i18n import Texts

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


def download(
    texts: Texts, name: str, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]
) -> None:
    """Draw the button that saves rows."""
    st.download_button(
        texts("common.csv"),
        csv_bytes(rows, columns),
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
