"""A KPI tile: a value with all that a reader needs to trust it, and the way to its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final, Literal

import streamlit as st

from app.components.html import sparkline
from app.components.screen import Screen
from app.metrics import Figure
from app.period import Grain
from app.place import Place
from pipelines.semantics import MetricInfo


@dataclass(frozen=True)
class TileSpec:
    """Which metric a tile shows and how its change is to be read."""

    metric: str
    better: Literal["up", "down", "neutral"] = "neutral"
    companion: str | None = None  # the same on the working clock
    is_business: bool = False  # rests on deals being linked to chats
    beside: str | None = None  # a metric that must be read together with this one
    has_target: bool = False  # a time that the first-response target is for


SECTIONS: Final[Mapping[str, tuple[TileSpec, ...]]] = {
    "volume": (
        TileSpec("conversations_started"),
        TileSpec("customers_served"),
        TileSpec("answered_rate", "up"),
        TileSpec("open_unanswered", "down"),
    ),
    "speed": (
        TileSpec("frt_p50", "down", "frt_p50_business", has_target=True),
        TileSpec("afrt", "down", "afrt_business", beside="frt_km_p50", has_target=True),
        TileSpec("frt_p90", "down", "frt_p90_business", has_target=True),
        TileSpec("frt_within_target", "up", "frt_within_target_business"),
    ),
    "dialogs": (
        TileSpec("reply_time_p50", "down", "reply_time_p50_business"),
        TileSpec("dialog_duration_p50"),
        TileSpec("aht_active"),
        TileSpec("active_user_share", "up"),
    ),
    "business": (
        TileSpec("conv_to_lead", "up", is_business=True),
        TileSpec("conv_to_purchase", "up", is_business=True),
        TileSpec("net_revenue", "up", is_business=True),
        TileSpec("deal_link_coverage", "up"),
    ),
}
TILES: Final = tuple(spec for section in SECTIONS.values() for spec in section)
COVERAGE_METRICS: Final = ("deal_link_coverage", "messages_unknown_author", "messages_total")
TILE_WIDTH: Final = 225
# A share of fewer cases says little, whatever it is: rows of it are grey, tiles compare nothing.
MIN_N: Final = 20
_MATURING: Final = ("conv_to_lead", "conv_to_purchase")


def label_of(screen: Screen, info: MetricInfo) -> str:
    """Return a metric's name in the language of the screen."""
    return info.label_ru if screen.texts.language == "ru" else info.label_en


def definition_of(screen: Screen, info: MetricInfo) -> str:
    """Return a metric's definition in the language of the screen."""
    return info.definition_ru if screen.texts.language == "ru" else info.definition_en


def tile(
    screen: Screen,
    spec: TileSpec,
    figures: Mapping[str, Figure],
    coverage: Mapping[str, Any],
    grain: Grain,
) -> None:
    """Draw a tile.

    Args:
        figures: the metrics of `metrics_of` this tile, by id.
        coverage: values of `COVERAGE_METRICS`; one that a filter blocks is absent.
    """
    figure = figures[spec.metric]
    formatter, unit = screen.formatter, figure.metric.unit
    with st.container(border=True, key=f"tile_{spec.metric}", height="stretch"):
        st.metric(
            label_of(screen, figure.metric),
            formatter.value(figure.value, unit),
            delta=_change(screen, figure),
            delta_color=_colour(spec, figure),
            delta_arrow=_arrow(figure) if _is_comparable(screen, figure) else "off",
            delta_description=_was(screen, figure),
            help=definition_of(screen, figure.metric),
        )
        st.html(_face(screen, spec, figures, coverage, grain))
        with st.container(key=f"open_{spec.metric}"):
            st.button(
                screen.texts("tile.rows"),
                key=f"rows_{spec.metric}",
                type="tertiary",
                icon=":material/table_rows:",
                on_click=open_rows,
                args=(spec.metric,),
                disabled=bool(figure.blocked_by),
            )


def tiles(
    screen: Screen,
    specs: Sequence[TileSpec],
    figures: Mapping[str, Figure],
    coverage: Mapping[str, Any],
    grain: Grain,
    *,
    columns: int = 4,
) -> None:
    """Draw tiles side by side, fewer on a narrow screen."""
    with st.grid(columns, min_column_width=TILE_WIDTH, gap="small"):
        for spec in specs:
            tile(screen, spec, figures, coverage, grain)


def metrics_of(specs: Iterable[TileSpec]) -> list[str]:
    """Return all metrics that tiles show, each once."""
    found = (m for spec in specs for m in (spec.metric, spec.companion, spec.beside) if m)
    return list(dict.fromkeys(found))


def open_rows(metric: str | None, place: Place | None = None) -> None:
    """Open (or with None close) the rows behind a metric, or behind a cell of a table of it."""
    st.session_state["drill"] = metric
    st.session_state["at"] = place.items() if place is not None else []


def _change(screen: Screen, figure: Figure) -> str | None:
    if figure.value is None or figure.previous is None or not _is_comparable(screen, figure):
        return None
    return screen.formatter.change(figure.value, figure.previous, figure.metric.unit)


def _is_comparable(screen: Screen, figure: Figure) -> bool:
    """Return whether there are enough cases, and data from the first day of the period before."""
    return not _is_thin(figure) and figure.period.previous().start >= screen.known.start


def _is_thin(figure: Figure) -> bool:
    return figure.interval is not None and figure.n is not None and figure.n < MIN_N


def _arrow(figure: Figure) -> Literal["up", "down", "off"]:
    # Streamlit would read the direction from the text and takes a typographic minus for a plus.
    if figure.value is None or figure.previous is None or figure.value == figure.previous:
        return "off"
    return "up" if figure.value > figure.previous else "down"


def _colour(spec: TileSpec, figure: Figure) -> Literal["blue", "orange", "gray"]:
    # Blue and orange, with arrows: red and green look alike to one man in twelve.
    arrow = _arrow(figure)
    if spec.better == "neutral" or arrow == "off":
        return "gray"
    return "blue" if arrow == spec.better else "orange"


def _trend_text(screen: Screen, figure: Figure, grain: Grain) -> str:
    """Return the lowest and the highest point of a trend."""
    points = [(value, day) for day, value in figure.trend if value is not None]
    if not points:
        return ""
    ends = min(points), max(points)
    return " \u2026 ".join(
        f"{screen.formatter.bucket(day, grain)}: "
        f"{screen.formatter.value(value, figure.metric.unit)}"
        for value, day in ends
    )


def _was(screen: Screen, figure: Figure) -> str | None:
    if figure.value is None:
        return None
    if _is_thin(figure):
        return screen.texts("tile.few")
    if figure.previous is None:
        return screen.texts("tile.no_previous")
    if not _is_comparable(screen, figure):
        return screen.texts("tile.not_covered", day=screen.formatter.short_day(screen.known.start))
    previous = screen.formatter.value(figure.previous, figure.metric.unit)
    return screen.texts("tile.was", value=previous)


def _face(
    screen: Screen,
    spec: TileSpec,
    figures: Mapping[str, Figure],
    coverage: Mapping[str, Any],
    grain: Grain,
) -> str:
    figure = figures[spec.metric]
    formatter, unit = screen.formatter, figure.metric.unit
    parts = []
    if spec.companion:
        value = formatter.value(figures[spec.companion].value, unit)
        name = screen.texts("tile.business")
        parts.append(
            f'<div class="ot-clock"><b>{escape(value)}</b><span>{escape(name)}</span></div>'
        )
    if spec.beside:
        other = figures[spec.beside]
        value = formatter.value(other.value, other.metric.unit)
        name = screen.texts("tile.beside", name=label_of(screen, other.metric))
        parts.append(
            f'<div class="ot-clock"><b>{escape(value)}</b><span>{escape(name)}</span></div>'
        )
    if spec.has_target and figure.value is not None:
        parts.append(_target(screen, figure))
    parts.append(sparkline(figure.trend, _trend_text(screen, figure, grain)))
    warning = _warning(screen, figure)
    if warning:
        parts.append(f'<div class="ot-line ot-warn">{escape(warning)}</div>')
    base = " · ".join(_base(screen, spec, figure, coverage))
    if base:
        parts.append(f'<div class="ot-line">{escape(base)}</div>')
    fine = " · ".join(
        (
            formatter.period(figure.period),
            screen.texts("tile.data_until", moment=formatter.short_moment(screen.data_until())),
            screen.texts("tile.definition", version=screen.about.definition_version),
        )
    )
    parts.append(f'<div class="ot-fine">{escape(fine)}</div>')
    return "".join(parts)


def _target(screen: Screen, figure: Figure) -> str:
    target = screen.about.target_seconds
    is_met = float(figure.value) <= target
    kind, key = ("good", "tile.target_met") if is_met else ("late", "tile.target_missed")
    text = screen.texts(key, target=screen.formatter.duration(target))
    return f'<div class="ot-line ot-target {kind}"><b>{escape(text)}</b></div>'


def _warning(screen: Screen, figure: Figure) -> str | None:
    if figure.blocked_by:
        return screen.texts("tile.blocked", filters=screen.filter_names(figure.blocked_by))
    if figure.value is None:
        is_immature = figure.id in _MATURING
        return screen.texts("tile.immature" if is_immature else "tile.empty")
    return None


def _base(screen: Screen, spec: TileSpec, figure: Figure, coverage: Mapping[str, Any]) -> list[str]:
    texts, formatter = screen.texts, screen.formatter
    parts = []
    if figure.n is not None and figure.metric.denominator:
        parts.append(texts("tile.n", n=formatter.number(figure.n)))
    if figure.interval is not None:
        low, high = figure.interval
        parts.append(texts("tile.interval", low=formatter.share(low), high=formatter.share(high)))
    if spec.is_business and coverage.get("deal_link_coverage") is not None:
        parts.append(
            texts("tile.coverage", value=formatter.share(coverage["deal_link_coverage"], 0))
        )
    unknown = coverage.get("messages_unknown_author")
    if not spec.is_business and unknown:
        parts.append(texts("tile.unknown_authors", n=formatter.number(unknown)))
    return parts
