"""Screens without figures: nothing published, no conversations, nothing in the period."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import streamlit as st

from app.components import first_run
from app.components.screen import Screen
from app.data import failed_attempt
from app.i18n import Texts
from pipelines.semantics import SemanticError

_LOGGER = logging.getLogger("otvet.app")


def nothing_published(texts: Texts) -> None:
    """Tell how to get from an empty home to the first figures."""
    with st.container(key="empty_state", width=900):
        st.title(texts("empty.title"), anchor=False)
        failure = failed_attempt()
        if failure is not None:
            st.error(texts("empty.failed"), icon=":material/sync_problem:")
            st.code(failure.reason, language=None, wrap_lines=True)
        first_run.ways_in(texts)
        st.button(texts("empty.again"), type="primary", icon=":material/refresh:")


@contextmanager
def guarded(texts: Texts) -> Iterator[None]:
    """Say in words that a page could not be drawn; the trace goes to the log."""
    try:
        yield
    except (SemanticError, duckdb.Error, OSError) as error:
        _LOGGER.exception("a page could not be drawn")
        st.error(texts("empty.broken"), icon=":material/error:")
        st.caption(" ".join(str(error).split())[:400])
        st.button(texts("empty.again"), key="again", icon=":material/refresh:")


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
