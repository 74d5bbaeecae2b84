"""Screens without figures: nothing published, no conversations, nothing in the period."""

from __future__ import annotations

import streamlit as st

from app.components.screen import Screen
from app.data import home
from app.i18n import Texts


def nothing_published(texts: Texts) -> None:
    """Tell how to get from an empty home to the first figures."""
    with st.container(key="empty_state", width=760):
        st.title(texts("empty.title"))
        st.markdown(texts("empty.text"))
        for command, key in (
            ("make demo", "empty.demo"),
            ("otvet import result.json --us anyone-but-asker", "empty.import"),
            ("otvet run", "empty.run"),
        ):
            st.caption(texts(key))
            st.code(command, language="bash")
        st.caption(texts("empty.home", home=home()))
        st.button(texts("empty.again"), type="primary", icon=":material/refresh:")


def no_conversations(texts: Texts) -> None:
    """Say that a version is there, but empty."""
    st.title(texts("empty.no_conversations_title"))
    st.info(texts("empty.no_conversations"), icon=":material/inbox:")


def nothing_in_period(screen: Screen) -> None:
    """Say where the data is when the chosen period has none."""
    texts, formatter = screen.texts, screen.formatter
    lines = [
        f"**{texts('empty.period_title')}** ({formatter.period(screen.period)})",
        texts(
            "empty.period_text",
            first=formatter.day(screen.known.start),
            last=formatter.day(screen.known.end),
        ),
    ]
    if screen.state.filters:
        lines.append(texts("empty.period_filters", filters=screen.filter_text()))
    st.info("  \n".join(lines), icon=":material/event_busy:")
