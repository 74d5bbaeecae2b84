"""How far conversations and deals get, where they are lost, and which ones those are."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app import conversations
from app.components import deal_stages, export, funnel, html
from app.components.formatting import NONE
from app.components.header import choice, page_header, show_sql
from app.components.html import Cell
from app.components.page_figures import page_figures
from app.components.screen import Screen, shown
from app.conversations import Question
from app.data import Row
from app.state import address

_STARTED: Final = "sales_conversations_started"
_PAGE: Final = 12
_EXPORT_LIMIT: Final = 50_000
_EXPORTED: Final = (
    "conversation_key", "started_at", "funnel_stage", "channel_name", "team_name",
    "customer_label", "agent_name", "outcome", "refusal_reason", "intent", "topic",
    "message_count", "first_response_calendar_seconds", "definition_version",
)  # fmt: skip


def render(screen: Screen) -> None:
    """Draw the page."""
    texts, header = screen.texts, page_header(screen, "funnel")
    also = [*funnel.METRICS, _STARTED]
    figures = page_figures(screen, (), also=also, shown_if=[_STARTED])
    if figures is None:
        return
    st.subheader(texts("funnel.conversations"), anchor=False)
    with st.container(border=True, key="chat_funnel"):
        funnel.draw(screen, figures.figures)
    show_sql(screen, screen.figures.sql(funnel.METRICS, screen.question))
    if figures[funnel.STAGES[0].metric].value:
        _lost(screen)
    st.subheader(texts("funnel.deals"), anchor=False)
    cells = deal_stages.draw(screen)
    export.into(header, screen, figures, cells)


def _lost(screen: Screen) -> None:
    """Draw the list of the conversations that were lost at a stage."""
    texts = screen.texts
    st.subheader(texts("funnel.lost"), anchor=False)
    stage = choice(screen, "lost", tuple(funnel.LOST), "lost")
    st.caption(texts(f"lost_note.{stage}"))
    question = Question(screen.period, screen.state.filters, lost_at=funnel.LOST[stage])
    total = conversations.count(screen.version, question)
    if total == 0:
        st.success(texts("funnel.none_lost"), icon=":material/check_circle:")
        return
    place = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        pages = -(-total // _PAGE)
        page = st.pagination(pages, key=f"lost_{hash(str(question))}") if pages > 1 else 1
        st.caption(texts("conversations.found", n=screen.formatter.number(total)))
        export.download(
            texts,
            f"{texts('funnel.export_name')}-{stage}",
            lambda: conversations.listing(screen.version, question, limit=_EXPORT_LIMIT)[0],
            _EXPORTED,
        )
    rows, sql = conversations.listing(
        screen.version, question, limit=_PAGE, offset=(page - 1) * _PAGE
    )
    with place:
        html.table(_header(screen), [_line(screen, row) for row in rows])
    show_sql(screen, sql)


def _header(screen: Screen) -> list[str | tuple[str, str]]:
    names = ("started_at", "customer_label", "outcome")
    texts = screen.texts
    return [
        *(texts(f"column.{name}") for name in names),
        texts("funnel.first_response"),
        texts("column.message_count"),
        texts("column.agent_name"),
        texts("column.channel_name"),
    ]


def _line(screen: Screen, row: Row) -> list[Cell]:
    texts, formatter = screen.texts, screen.formatter
    link = address("conversations", screen.params(conversation=row["conversation_key"]))
    outcome = texts.code("outcome", row["outcome"])
    if row["refusal_reason"]:
        outcome = f"{outcome}: {row['refusal_reason']}"
    return [
        Cell(formatter.moment(row["started_at"]), link, "nowrap"),
        Cell(formatter.person(row["customer_label"]), None, "nowrap"),
        Cell(outcome, None, "nowrap"),
        Cell(formatter.duration(row["first_response_calendar_seconds"]), None, "num"),
        Cell(formatter.number(row["message_count"]), None, "num"),
        Cell(formatter.person(row["agent_name"]), None, "nowrap"),
        Cell(row["channel_name"] or NONE, None, "nowrap"),
    ]


_screen = shown()
if _screen is not None:
    render(_screen)
