"""Which deals there were, and the way of each from the first message to the money."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from app import deals
from app.components import journey, row_list
from app.components.row_list import RowList
from app.components.screen import Screen, keep_in_address, shown
from app.data import Row
from app.deals import SORTS, STATES, Question

_EXPORTED: Final = (
    "deal_key", "created_at", "closed_at", "source_slug", "pipeline", "stage", "status",
    "lost_reason", "amount", "currency_code", "company_amount", "company_paid_amount",
    "company_refunded_amount", "company_net_amount", "owner_name", "lead_source", "campaign",
    "customer_label", "conversation_count",
)  # fmt: skip


def render(screen: Screen) -> None:
    """Draw the page."""
    sort, chosen = row_list.head(screen, "deals", "deal_", SORTS, STATES)
    keep_in_address(deal_states=list(chosen), deal_sort="" if sort == SORTS[0] else sort)
    question = Question(screen.period, screen.state.filters, chosen, sort)
    row_list.browse(screen, _DEALS, question)


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


def _draw(screen: Screen, row: Row) -> str:
    read = deals.journey(screen.version, row["deal_key"])
    with st.container(border=True, key="journey"):
        journey.summary(screen, row)
        journey.credits_table(screen, read)
        if not read.conversations:
            st.caption(screen.texts("deals.no_chat"))
        journey.draw(screen, read)
    return read.sql


def _whole(value: Any) -> int | None:
    return None if value is None else round(value)


_DEALS: Final[RowList[Question]] = RowList(
    "deals", "deal", ":material/timeline:", deals, _EXPORTED, _line, _columns, _draw
)
_screen = shown()
if _screen is not None:
    render(_screen)
