"""Which conversations these were, and what was said in them."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from app import conversations
from app.components import row_list, states, transcript
from app.components.row_list import RowList
from app.components.screen import Screen, shown
from app.conversations import SORTS, STATES, Question
from app.data import Row

_MINUTE = 60
_EXPORTED: Final = (
    "conversation_key", "started_at", "closed_at", "close_reason", "is_open", "channel_type",
    "channel_name", "team_name", "customer_label", "agent_name", "interaction_type", "outcome",
    "refusal_reason", "message_count", "waiting_since_at", "first_response_at",
    "first_response_calendar_seconds", "first_response_business_seconds",
    "dialog_duration_seconds", "definition_version",
)  # fmt: skip


def render(screen: Screen) -> None:
    """Draw the page."""
    sort, chosen = row_list.head(screen, "conversations", "", SORTS, STATES)
    question = Question(screen.period, screen.state.filters, chosen, sort)
    row_list.browse(screen, _CONVERSATIONS, question)


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


def _draw(screen: Screen, row: Row) -> str:
    read = conversations.transcript(screen.version, row["conversation_key"])
    with st.container(border=True, key="transcript"):
        transcript.summary(screen, row)
        transcript.first_response(screen, row)
        transcript.chat(screen, row, read)
    return read.sql


def _minutes(seconds: int | None) -> float | None:
    return None if seconds is None else seconds / _MINUTE


_CONVERSATIONS: Final[RowList[Question]] = RowList(
    "conversations", "conversation", ":material/forum:", conversations, _EXPORTED, _line, _columns,
    _draw, states.nothing_in_period,
)  # fmt: skip
_screen = shown()
if _screen is not None:
    render(_screen)
