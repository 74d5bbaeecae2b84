"""The figures of a page: asked in one go, then drawn as tiles, table totals and the export."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.components import states
from app.components.screen import Screen
from app.components.tile import COVERAGE_METRICS, TileSpec, metrics_of, tiles
from app.metrics import Figure


@dataclass(frozen=True)
class PageFigures:
    """What a page shows as single figures.

    Attributes:
        figures: by the id of their metric.
        coverage: values of `COVERAGE_METRICS`; one that a filter blocks is absent.
    """

    screen: Screen
    figures: Mapping[str, Figure]
    coverage: Mapping[str, Any]

    def __getitem__(self, metric: str) -> Figure:
        """Return the figure of a metric."""
        return self.figures[metric]

    @property
    def totals(self) -> dict[str, Any]:
        """The values by metric, for the last line of a table."""
        return {metric: figure.value for metric, figure in self.figures.items()}

    def tiles(self, specs: Sequence[TileSpec], columns: int = 4) -> None:
        """Draw tiles side by side."""
        tiles(self.screen, specs, self.figures, self.coverage, self.screen.grain, columns=columns)


def page_figures(
    screen: Screen,
    specs: Sequence[TileSpec],
    *,
    also: Sequence[str] = (),
    shown_if: Collection[str] = (),
) -> PageFigures | None:
    """Ask for the figures of a page; None, and said so on screen, if the period holds nothing.

    Args:
        specs: tiles, with previous period and trend.
        also: metrics asked in the same query, without these.
        shown_if: metrics of which one must be other than zero; those of the tiles by default.
    """
    with st.spinner(screen.texts("common.loading")):
        metrics = metrics_of(specs)
        figures = screen.figures.figures(metrics, screen.question, screen.grain, also=also)
        coverage = screen.figures.values(COVERAGE_METRICS, screen.question)
    if not any(figures[metric].value for metric in shown_if or metrics):
        states.nothing_in_period(screen)
        return None
    return PageFigures(screen, figures, coverage)
