"""Small pieces of HTML; every value from outside is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any, Final
from urllib.parse import quote

import streamlit as st

_WIDTH, _HEIGHT, _MARGIN = 100.0, 30.0, 2.0
_COLOUR: Final = "#2a7fb8"


@dataclass(frozen=True)
class Cell:
    """A cell of a table: text, where it leads, how it is set, and what stands below the text."""

    text: str
    link: str | None = None
    kind: str = ""
    below: str = ""  # HTML made by this module

    def html(self) -> str:
        """Return the cell as HTML."""
        text = escape(self.text)
        if self.link:
            text = f'<a href="{escape(self.link, quote=True)}" target="_self">{text}</a>'
        return f'<td class="{self.kind}">{text}{self.below}</td>'


def interval_bar(value: float, low: float, high: float, text: str) -> str:
    """Return a share with its interval as a bar from 0 to 1, and the ends as text."""
    return (
        f'<span class="ot-sub">{escape(text)}</span><i class="ot-ci">'
        f'<b style="left:{low:.1%};width:{high - low:.1%}"></b>'
        f'<u style="left:{value:.1%}"></u></i>'
    )


def note(text: str) -> str:
    """Return a small line that stands below the text of a cell."""
    return f'<span class="ot-sub">{escape(text)}</span>'


def table(
    header: Sequence[str | tuple[str, str]],
    rows: Iterable[Sequence[Cell]],
    *,
    classes: Sequence[str] = (),
) -> None:
    """Draw a table that scrolls sideways on a narrow screen.

    Args:
        header: names of the columns, or pairs of name and explanation.
        classes: `fail`, `warn`, `good` or nothing per row.
    """
    lines = [list(row) for row in rows]
    kinds = [cell.kind for cell in lines[0]] if lines else [""] * len(header)
    body = "".join(
        f'<tr class="{classes[number] if number < len(classes) else ""}">'
        + "".join(cell.html() for cell in row)
        + "</tr>"
        for number, row in enumerate(lines)
    )
    head = "".join(_head(name, kind) for name, kind in zip(header, kinds, strict=True))
    st.html(
        '<div class="ot-scroll"><table class="ot-table">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _head(name: str | tuple[str, str], kind: str) -> str:
    if isinstance(name, str):
        return f'<th class="{kind}">{escape(name)}</th>'
    text, explained = name
    return f'<th class="{kind}" title="{escape(explained, quote=True)}">{escape(text)}</th>'


def lead(text: str) -> None:
    """Draw the sentence below a title."""
    st.html(f'<div class="ot-lead">{escape(text)}</div>')


def facts(pairs: Iterable[tuple[str, str]], *, wide: bool = False) -> None:
    """Draw labelled values in a grid."""
    inner = "".join(
        f"<div><span>{escape(label)}</span>{escape(value)}</div>" for label, value in pairs
    )
    st.html(f'<div class="ot-facts{" wide" if wide else ""}">{inner}</div>')


def sparkline(points: Sequence[tuple[date, Any]], label: str) -> str:
    """Return a trend as an image of a line over an area; a missing value breaks the line.

    An image because Streamlit strips drawings from HTML; its colour suits both themes.

    Args:
        label: what the trend shows, for the pointer and for readers who do not see it.
    """
    values = [float(value) for _, value in points if value is not None]
    if len(values) < 2:
        return ""
    low, high = min(0.0, *values), max(values)
    scale = (_HEIGHT - 2 * _MARGIN) / ((high - low) or 1.0)
    step = _WIDTH / max(len(points) - 1, 1)
    runs: list[list[tuple[float, float]]] = [[]]
    for number, (_, value) in enumerate(points):
        if value is None:
            runs.append([])
            continue
        runs[-1].append((number * step, _HEIGHT - _MARGIN - (float(value) - low) * scale))
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" '
        f'preserveAspectRatio="none">{"".join(_run(run) for run in runs if run)}</svg>'
    )
    text = escape(label, quote=True)
    source = f"data:image/svg+xml,{quote(drawing)}"
    return f'<img class="ot-spark" src="{source}" alt="{text}" title="{text}">'


_STROKE: Final = (
    f'fill="none" stroke="{_COLOUR}" stroke-width="1.6" stroke-linejoin="round" '
    'stroke-linecap="round" vector-effect="non-scaling-stroke"'
)


def _run(run: Sequence[tuple[float, float]]) -> str:
    # A point between two gaps is drawn as a short dash, or it would be invisible.
    ends = run if len(run) > 1 else [(run[0][0] - 0.6, run[0][1]), (run[0][0] + 0.6, run[0][1])]
    line = " ".join(f"{x:.2f},{y:.2f}" for x, y in ends)
    area = f"{ends[0][0]:.2f},{_HEIGHT} {line} {ends[-1][0]:.2f},{_HEIGHT}"
    return (
        f'<polygon points="{area}" fill="{_COLOUR}" opacity="0.13"/>'
        f'<polyline points="{line}" {_STROKE}/>'
    )
