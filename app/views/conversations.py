"""Which conversations these were, and what was said in them."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from app import conversations
from app.components import export, html, states, transcript
from app.components.header import show_sql
from app.components.picker import pick_row
from app.components.screen import Screen, keep_in_address, shown
from app.conversations import PAGE_SIZE, SORTS, STATES, Question
from app.data import Row

_MINUTE = 60
_EXPORT_LIMIT: Final = 50_000
_EXPORTED: Final = (
    "conversation_key", "started_at", "closed_at", "close_reason", "is_open", "channel_type",
    "channel_name", "team_name", "customer_label", "agent_name", "interaction_type", "outcome",
    "refusal_reason", "message_count", "waiting_since_at", "first_response_at",
    "first_response_calendar_seconds", "first_response_business_seconds",
    "dialog_duration_seconds", "definition_version",
)  # fmt: skip


def render(screen: Screen) -> None:
    """Draw the page."""
    texts = screen.texts
    st.title(
        f"{texts('conversations.title')} · {screen.formatter.period(screen.period)}", anchor=False
    )
    html.lead(texts("conversations.lead"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sort = st.selectbox(
            texts("conversations.sort"),
            SORTS,
            key="sort",
            format_func=lambda name: texts(f"sort.{name}"),
            width=230,
        )
        chosen = st.pills(
            texts("conversations.state"),
            STATES,
            selection_mode="multi",
            key="states",
            format_func=lambda name: texts(f"state.{name}"),
        )
    question = Question(screen.period, screen.state.filters, tuple(chosen), sort or "newest")
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _list(screen, question)
    with right:
        _one(screen)


def _list(screen: Screen, question: Question) -> None:
    texts = screen.texts
    total = conversations.count(screen.version, question)
    if total == 0:
        st.info(texts("conversations.none"), icon=":material/search_off:")
        states.nothing_in_period(screen)
        return
    place = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        pages = -(-total // PAGE_SIZE)
        # Another question has other pages: its key makes the first one the start again.
        page = st.pagination(pages, key=f"list_{hash(str(question))}") if pages > 1 else 1
        st.caption(texts("conversations.found", n=screen.formatter.number(total)))
        export.download(
            texts,
            texts("conversations.export_name"),
            lambda: conversations.listing(screen.version, question, limit=_EXPORT_LIMIT)[0],
            _EXPORTED,
        )
    rows, sql = conversations.listing(
        screen.version, question, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE
    )
    with place:
        _table(screen, rows)
    show_sql(screen, sql)


def _table(screen: Screen, rows: list[Row]) -> None:
    pick_row(
        screen,
        "conversation",
        [row["conversation_key"] for row in rows],
        [_line(screen, row) for row in rows],
        _columns(screen),
        screen.texts("conversations.title"),
    )


def _line(screen: Screen, row: Row) -> Row:
    formatter = screen.formatter
    return {
        "started_at": row["started_at"].astimezone(formatter.zone).replace(tzinfo=None),
        "customer_label": formatter.person(row["customer_label"]),
        "outcome": screen.texts.code("outcome", row["outcome"]),
        "frt_minutes": _minutes(row["first_response_calendar_seconds"]),
        "agent_name": None if row["agent_name"] is None else formatter.person(row["agent_name"]),
        "channel_name": row["channel_name"],
        "message_count": row["message_count"],
        "frt_business_minutes": _minutes(row["first_response_business_seconds"]),
    }


def _columns(screen: Screen) -> dict[str, Any]:
    texts, config = screen.texts, st.column_config
    moment = "DD.MM.YY HH:mm" if texts.language == "ru" else "D MMM YY, HH:mm"
    result: dict[str, Any] = {
        name: config.TextColumn(texts(f"column.{name}"))
        for name in ("customer_label", "channel_name", "agent_name", "outcome")
    }
    result |= {
        name: config.NumberColumn(texts(f"column.{name}"), format="%.1f")
        for name in ("frt_minutes", "frt_business_minutes")
    }
    result["message_count"] = config.NumberColumn(texts("column.message_count"), format="%d")
    result["started_at"] = config.DatetimeColumn(texts("column.started_at"), format=moment)
    return result


def _one(screen: Screen) -> None:
    texts = screen.texts
    key = st.session_state.get("conversation")
    if not key:
        st.info(texts("conversations.pick"), icon=":material/forum:")
        return
    row = conversations.one(screen.version, key)
    if row is None:
        st.warning(texts("conversations.unknown"), icon=":material/link_off:")
        return
    keep_in_address(conversation=key)
    read = conversations.transcript(screen.version, key)
    with st.container(border=True, key="transcript"):
        transcript.summary(screen, row)
        transcript.first_response(screen, row)
        transcript.chat(screen, row, read)
    show_sql(screen, read.sql)


def _minutes(seconds: int | None) -> float | None:
    return None if seconds is None else seconds / _MINUTE


_screen = shown()
if _screen is not None:
    render(_screen)
