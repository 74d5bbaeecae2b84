"""Which deals there were, and the way of each from the first message to the money."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from app import deals
from app.components import export, html, journey
from app.components.header import show_sql
from app.components.picker import pick_row
from app.components.screen import Screen, keep_in_address, shown
from app.data import Row
from app.deals import PAGE_SIZE, SORTS, STATES, Question

_EXPORT_LIMIT: Final = 50_000
_EXPORTED: Final = (
    "deal_key", "created_at", "closed_at", "source_slug", "pipeline", "stage", "status",
    "lost_reason", "amount", "currency_code", "company_amount", "company_paid_amount",
    "company_refunded_amount", "company_net_amount", "owner_name", "lead_source", "campaign",
    "customer_label", "conversation_count",
)  # fmt: skip


def render(screen: Screen) -> None:
    """Draw the page."""
    texts = screen.texts
    st.title(f"{texts('deals.title')} · {screen.formatter.period(screen.period)}", anchor=False)
    html.lead(texts("deals.lead"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if st.session_state.get("deal_sort") not in SORTS:
            st.session_state["deal_sort"] = SORTS[0]
        known = [name for name in st.session_state.get("deal_states") or () if name in STATES]
        st.session_state["deal_states"] = known
        sort = st.selectbox(
            texts("conversations.sort"),
            SORTS,
            key="deal_sort",
            format_func=lambda name: texts(f"deal_sort.{name}"),
            width=230,
        )
        chosen = st.pills(
            texts("conversations.state"),
            STATES,
            selection_mode="multi",
            key="deal_states",
            format_func=lambda name: texts(f"deal_state.{name}"),
        )
    keep_in_address(deal_states=list(chosen), deal_sort="" if sort == SORTS[0] else str(sort))
    question = Question(screen.period, screen.state.filters, tuple(chosen), sort or "newest")
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _list(screen, question)
    with right:
        _one(screen)


def _list(screen: Screen, question: Question) -> None:
    texts = screen.texts
    total = deals.count(screen.version, question)
    if total == 0:
        st.info(texts("deals.none"), icon=":material/search_off:")
        return
    place = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        pages = -(-total // PAGE_SIZE)
        page = st.pagination(pages, key=f"deals_{hash(str(question))}") if pages > 1 else 1
        st.caption(texts("conversations.found", n=screen.formatter.number(total)))
        export.download(
            texts,
            texts("deals.export_name"),
            lambda: deals.listing(screen.version, question, limit=_EXPORT_LIMIT)[0],
            _EXPORTED,
        )
    rows, sql = deals.listing(
        screen.version, question, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE
    )
    with place:
        pick_row(
            screen,
            "deal",
            [row["deal_key"] for row in rows],
            [_line(screen, row) for row in rows],
            _columns(screen),
            texts("deals.title"),
        )
    show_sql(screen, sql)


def _line(screen: Screen, row: Row) -> Row:
    formatter = screen.formatter
    return {
        "created_at": row["created_at"].astimezone(formatter.zone).replace(tzinfo=None),
        "customer_label": formatter.person(row["customer_label"]),
        "status": screen.texts.code("deal_status", row["status"]),
        "stage": row["stage"],
        "company_amount": _whole(row["company_amount"]),
        "company_net_amount": _whole(row["company_net_amount"]),
        "conversation_count": row["conversation_count"],
        "owner_name": row["owner_name"],
        "pipeline": row["pipeline"],
    }


def _columns(screen: Screen) -> dict[str, Any]:
    texts, config = screen.texts, st.column_config
    moment = "DD.MM.YY" if texts.language == "ru" else "D MMM YY"
    result: dict[str, Any] = {
        name: config.TextColumn(texts(f"deals.{name}"))
        for name in ("customer_label", "status", "stage", "owner_name", "pipeline")
    }
    result |= {
        name: config.NumberColumn(texts(f"deals.{name}"), format="localized", step=1)
        for name in ("company_amount", "company_net_amount", "conversation_count")
    }
    # The names of stages are long, and whose deal it is matters more than their ends.
    result["stage"] = config.TextColumn(texts("deals.stage"), width=125)
    result["created_at"] = config.DatetimeColumn(texts("deals.created"), format=moment)
    return result


def _one(screen: Screen) -> None:
    texts = screen.texts
    key = st.session_state.get("deal")
    if not key:
        st.info(texts("deals.pick"), icon=":material/timeline:")
        return
    row = deals.one(screen.version, key)
    if row is None:
        st.warning(texts("deals.unknown"), icon=":material/link_off:")
        return
    keep_in_address(deal=key)
    read = deals.journey(screen.version, key)
    with st.container(border=True, key="journey"):
        journey.summary(screen, row)
        journey.credits_table(screen, read)
        if not read.conversations:
            st.caption(texts("deals.no_chat"))
        journey.draw(screen, read)
    show_sql(screen, read.sql)


def _whole(value: Any) -> int | None:
    return None if value is None else round(value)


_screen = shown()
if _screen is not None:
    render(_screen)
