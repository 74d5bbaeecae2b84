"""The head of a page, and what stands below every block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from app.components import html
from app.components.screen import Screen, keep_in_address

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def page_header(screen: Screen, name: str) -> DeltaGenerator:
    """Draw title, period, filters and what the page answers; returns the place of its export."""
    texts = screen.texts
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.title(f"{texts(f'{name}.title')} · {screen.formatter.period(screen.period)}",
                 anchor=False)  # fmt: skip
        place = st.container(width="content", key="page_export")
    lead = texts(f"{name}.lead")
    if screen.state.filters:
        lead = f"{lead} {texts('common.filtered', filters=screen.filter_text())}"
    html.lead(lead)
    return place


def show_sql(screen: Screen, sql: str) -> None:
    """Draw the SQL of a block, folded."""
    with st.expander(screen.texts("common.sql"), icon=":material/code:", type="compact"):
        st.code(sql, language="sql")


def choice(screen: Screen, key: str, options: Sequence[str], group: str) -> str:
    """Draw a choice that stands in the address; the first option is its default.

    Args:
        group: of the texts that name the options.
    """
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
    chosen = st.segmented_control(
        screen.texts(f"{group}.label"),
        options,
        key=key,
        format_func=lambda option: screen.texts(f"{group}.{option}"),
        required=True,
        label_visibility="collapsed",
    )
    if chosen != options[0]:
        keep_in_address(**{key: str(chosen)})
    return str(chosen)


def choice_of_order(screen: Screen, name: str, orders: Mapping[str, str]) -> str:
    """Draw what a table is ordered by; the first option is the default.

    Args:
        name: of the table.
        orders: names of the options by their ids.
    """
    key = f"order_{name}"
    wanted = st.session_state.get("order")
    if key not in st.session_state and wanted in orders:
        st.session_state[key] = wanted
    if st.session_state.get(key) not in orders:
        st.session_state[key] = next(iter(orders))
    chosen = st.selectbox(
        screen.texts("breakdown.order"),
        list(orders),
        key=key,
        format_func=lambda option: f"{screen.texts('breakdown.order')}: {orders[option]}",
        width=330,
        label_visibility="collapsed",
    )
    if chosen != next(iter(orders)):
        keep_in_address(order=str(chosen))
    return str(chosen)
