"""The sidebar: language, period, step of the charts and filters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import cast

import streamlit as st

from app.i18n import LANGUAGES, Language, Texts
from app.period import GRAINS, PRESETS, Grain, Period, Preset, resolve
from app.state import CLOCKS, FILTERS, Clock, ViewState


def language_switch(texts: Texts) -> Language:
    """Draw the language switch and return the language."""
    chosen = st.sidebar.segmented_control(
        texts("filters.language"),
        LANGUAGES,
        key="lang",
        format_func=str.upper,
        label_visibility="collapsed",
        required=True,
    )
    return cast("Language", chosen)


def sidebar_filters(texts: Texts, known: Period, options: dict[str, list[str]]) -> ViewState:
    """Draw period and filters and return what is chosen.

    Args:
        known: first and last day with conversations; the calendar offers these days.
        options: values per filter; a filter with fewer than two values is not drawn.
    """
    with st.sidebar:
        preset, start, end = _period(texts, known)
        grain = st.selectbox(
            texts("filters.grain"),
            ("auto", *GRAINS),
            key="grain",
            format_func=_named(texts, {"auto": "filters.auto"}, "grain"),
        )
        clock = st.segmented_control(
            texts("filters.clock"),
            CLOCKS,
            key="clock",
            format_func=lambda name: texts(f"clock.{name}"),
            required=True,
            help=texts("filters.clock_help"),
        )
        chosen = {name: _filter(texts, name, options[name]) for name in FILTERS}
        if any(chosen.values()):
            st.button(
                texts("filters.reset"), on_click=_reset, type="tertiary", icon=":material/close:"
            )
    return ViewState(
        language=texts.language,
        preset=preset,
        start=start,
        end=end,
        grain=None if grain == "auto" else cast("Grain", grain),
        clock=cast("Clock", clock),
        filters={name: values for name, values in chosen.items() if values},
    )


def _period(texts: Texts, known: Period) -> tuple[Preset, date | None, date | None]:
    preset: Preset = st.selectbox(
        texts("filters.period"),
        PRESETS,
        key="period",
        format_func=_named(texts, {}, "preset"),
    )
    if preset != "custom":
        return preset, None, None
    days = resolve("custom", known, (st.session_state.get("from"), st.session_state.get("to")))
    # Days outside of what is known stay possible: a shared address may be older than the data.
    first, last = min(known.start, days.start), max(known.end, days.end)
    st.session_state["from"], st.session_state["to"] = days.start, days.end
    written = "DD.MM.YYYY" if texts.language == "ru" else "DD/MM/YYYY"
    start = st.date_input(
        texts("filters.from"), key="from", min_value=first, max_value=last, format=written
    )
    end = st.date_input(
        texts("filters.to"), key="to", min_value=first, max_value=last, format=written
    )
    return preset, start, end


def _filter(texts: Texts, name: str, options: list[str]) -> tuple[str, ...]:
    # A value that is not published (an old link, a mistyped address) must not reach a query.
    st.session_state[name] = [v for v in st.session_state.get(name, ()) if v in options]
    if len(options) < 2:
        return tuple(st.session_state[name])
    chosen = st.multiselect(
        texts(f"filters.{name}"), options, key=name, placeholder=texts("filters.any")
    )
    return tuple(chosen)


def _reset() -> None:
    for name in FILTERS:
        st.session_state[name] = []


def _named(texts: Texts, special: dict[str, str], group: str) -> Callable[[str], str]:
    return lambda option: texts(special.get(option, f"{group}.{option}"))
