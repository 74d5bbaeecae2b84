"""How to load one's own chats, deals and costs."""

from __future__ import annotations

import streamlit as st

from app.components import first_run, html
from app.components.screen import Screen, shown


def render(screen: Screen) -> None:
    """Draw the page."""
    st.title(screen.texts("first.title"), anchor=False)
    html.lead(screen.texts("first.lead"))
    with st.container(width=900):
        first_run.ways_in(screen.texts)


_screen = shown()
if _screen is not None:
    render(_screen)
