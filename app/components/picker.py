"""A list of rows of which one is picked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app.components.screen import Screen
from app.data import Row


def pick_row(
    screen: Screen,
    name: str,
    keys: Sequence[str],
    lines: Sequence[Row],
    columns: Mapping[str, Any],
    title: str,
) -> None:
    """Draw the list; the key of the picked row goes into the session state.

    Args:
        name: of what is picked, under which its key is kept.
        keys: of the rows, in their order.
        lines: what the rows show, one for each key.
        columns: how Streamlit is to draw them.
    """
    opened = st.session_state.get(name)
    selected = [keys.index(opened)] if opened in keys else []
    event: Any = st.dataframe(
        list(lines),
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": selected, "columns": [], "cells": []}},
        column_config=dict(columns),
        # The list is another widget on another page, or its selection would point at wrong rows.
        key=f"rows_{hash(tuple(keys))}",
        placeholder=screen.texts("common.none"),
        alt=title,
    )
    picked = event.selection.rows
    if picked and keys[picked[0]] != opened:
        st.session_state[name] = keys[picked[0]]
