"""Small pieces of HTML; every value from outside is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any, Final

import streamlit as st

_WIDTH, _HEIGHT, _MARGIN = 100.0, 30.0, 2.0


@dataclass(frozen=True)
class Cell:
    """A cell of a table: text, where it leads, how it is set."""

    text: str
    link: str | None = None
    kind: str = ""

    def html(self) -> str:
        """Return the cell as HTML."""
        text = escape(self.text)
        if self.link:
            text = f'<a href="{escape(self.link, quote=True)}" target="_self">{text}</a>'
        return f'<td class="{self.kind}">{text}</td>'


def table(
    header: Sequence[str], rows: Iterable[Sequence[Cell]], *, classes: Sequence[str] = ()
) -> None:
    """Draw a table that scrolls sideways on a narrow screen.

    Args:
        classes: `fail`, `warn`, `good` or nothing per row.
    """
    body = "".join(
        f'<tr class="{classes[number] if number < len(classes) else ""}">'
        + "".join(cell.html() for cell in row)
        + "</tr>"
        for number, row in enumerate(rows)
    )
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    st.html(
        '<div class="ot-scroll"><table class="ot-table">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def facts(pairs: Iterable[tuple[str, str]], *, wide: bool = False) -> None:
    """Draw labelled values in a grid."""
    inner = "".join(
        f"<div><span>{escape(label)}</span>{escape(value)}</div>" for label, value in pairs
    )
    st.html(f'<div class="ot-facts{" wide" if wide else ""}">{inner}</div>')


def sparkline(points: Sequence[tuple[date, Any]], labels: Sequence[str]) -> str:
    """Return a trend as SVG; a missing value breaks the line.

    Args:
        labels: one text per point, shown when the pointer rests on it.
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
    shapes = "".join(_run(run) for run in runs if run)
    touch = "".join(
        f'<rect x="{number * step - step / 2:.2f}" y="0" width="{step:.2f}" height="{_HEIGHT}" '
        f'fill="transparent"><title>{escape(label)}</title></rect>'
        for number, label in enumerate(labels)
    )
    return (
        f'<svg class="ot-spark" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" '
        f'preserveAspectRatio="none">{shapes}{touch}</svg>'
    )


_STROKE: Final = (
    'fill="none" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round" '
    'stroke-linecap="round" vector-effect="non-scaling-stroke"'
)


def _run(run: Sequence[tuple[float, float]]) -> str:
    # A point between two gaps is drawn as a short dash, or it would be invisible.
    ends = run if len(run) > 1 else [(run[0][0] - 0.6, run[0][1]), (run[0][0] + 0.6, run[0][1])]
    line = " ".join(f"{x:.2f},{y:.2f}" for x, y in ends)
    area = f"{ends[0][0]:.2f},{_HEIGHT} {line} {ends[-1][0]:.2f},{_HEIGHT}"
    return (
        f'<polygon points="{area}" fill="currentColor" opacity="0.12"/>'
        f'<polyline points="{line}" {_STROKE}/>'
    )
