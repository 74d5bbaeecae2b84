"""A deal as one time line: messages, stages and money in the order in which they happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Any, Final

import streamlit as st

from app.components import html
from app.components.formatting import NONE
from app.components.html import Cell
from app.components.screen import Screen
from app.components.transcript import bubble
from app.data import Row
from app.deals import MESSAGE_LIMIT, Journey
from app.state import address

MODELS: Final = ("last_touch", "first_touch", "linear", "position_based", "time_decay")
# Of what happens at one instant: the chat comes before what the CRM makes of it.
_CHAT, _MESSAGE, _EVENT, _MONEY = range(4)


@dataclass(frozen=True, order=True)
class Moment:
    """A point of the time line: when, in which order, and its HTML."""

    at: datetime
    kind: int
    number: int
    drawn: str


def summary(screen: Screen, deal: Row) -> None:
    """Draw what is known of a deal as a whole."""
    texts, formatter = screen.texts, screen.formatter
    status = texts.code("deal_status", deal["status"])
    if deal["lost_reason"]:
        status = f"{status}: {deal['lost_reason']}"
    amount = formatter.money(deal["company_amount"])
    if deal["currency_code"] != screen.about.currency and deal["amount"] is not None:
        amount = f"{formatter.number(deal['amount'])} {deal['currency_code']} = {amount}"
    pairs = [
        (texts("transcript.customer"), formatter.person(deal["customer_label"])),
        (texts("dimension.deal_stage"), _stage(deal["pipeline"], deal["stage"])),
        (texts("deals.status"), status),
        (texts("deals.owner"), deal["owner_name"] or NONE),
        (texts("deals.created"), formatter.moment(deal["created_at"])),
        (texts("deals.closed"), formatter.moment(deal["closed_at"])),
        (texts("deals.amount"), amount),
        (texts("deals.net"), formatter.money(deal["company_net_amount"])),
    ]
    if deal["company_refunded_amount"]:
        refunded = formatter.money(deal["company_refunded_amount"])
        pairs.append((texts("deals.refunded"), refunded))
    if deal["closed_at"] is not None:
        length = (deal["closed_at"] - deal["created_at"]).total_seconds()
        pairs.append((texts("deals.length"), formatter.duration(max(length, 0))))
    if deal["lead_source"]:
        source = " · ".join(part for part in (deal["lead_source"], deal["campaign"]) if part)
        pairs.append((texts("dimension.lead_source"), source))
    if deal["product"]:
        pairs.append((texts("deals.product"), deal["product"]))
    html.facts(pairs)


def credits_table(screen: Screen, journey: Journey) -> None:
    """Draw which conversation gets how much of the money, in every model."""
    texts, formatter = screen.texts, screen.formatter
    rows = [
        row
        for row in journey.conversations
        if any(row[f"company_{model}_amount"] is not None for model in MODELS)
    ]
    if not rows:
        return
    st.markdown(f"**{texts('deals.credit')}**")
    if len(rows) == 1:
        st.caption(texts("deals.one_credit", moment=formatter.short_moment(rows[0]["started_at"])))
        return
    html.table(
        [
            texts("model.label"),
            *(
                (formatter.short_moment(row["started_at"]), row["channel_name"] or NONE)
                for row in rows
            ),
        ],
        [
            [
                Cell(texts(f"model.{model}"), None, "nowrap"),
                *(
                    Cell(formatter.money(row[f"company_{model}_amount"]), None, "num")
                    for row in rows
                ),
            ]
            for model in MODELS
        ],
    )


def draw(screen: Screen, journey: Journey) -> None:
    """Draw the time line."""
    parts: list[str] = []
    day: date | None = None
    for moment in sorted(moments(screen, journey)):
        local = moment.at.astimezone(screen.formatter.zone).date()
        if local != day:
            day = local
            parts.append(f'<div class="ot-day">{escape(screen.formatter.day(day))}</div>')
        parts.append(moment.drawn)
    if journey.is_cut:
        note = screen.texts("transcript.cut", limit=MESSAGE_LIMIT)
        parts.append(f'<div class="ot-day">{escape(note)}</div>')
    st.html(f'<div class="ot-chat">{"".join(parts)}</div>')


def moments(screen: Screen, journey: Journey) -> Iterator[Moment]:
    """Yield all points of the time line, unsorted."""
    for number, row in enumerate(journey.conversations):
        yield Moment(row["started_at"], _CHAT, number, _conversation(screen, row))
    for number, row in enumerate(journey.messages):
        yield Moment(row["sent_at"], _MESSAGE, number, bubble(screen, row))
    for number, row in enumerate(journey.events):
        yield Moment(row["occurred_at"], _EVENT, number, _event(screen, row))
    for number, row in enumerate(journey.payments):
        yield Moment(row["paid_at"], _MONEY, number, _payment(screen, row))


def _conversation(screen: Screen, row: Row) -> str:
    texts = screen.texts
    how = texts.code("link_type", row["link_type"]) if row["link_type"] else texts("deals.later")
    name = texts("deals.conversation", channel=row["channel_name"] or NONE)
    link = escape(_link(screen, row), quote=True)
    return (
        f'<div class="ot-step chat"><a href="{link}" target="_self">{escape(name)}</a>'
        f" <span>{escape(how)}</span></div>"
    )


def _event(screen: Screen, row: Row) -> str:
    texts, formatter = screen.texts, screen.formatter
    kind = row["to_status"] if row["to_status"] in ("won", "lost") else "stage"
    to = row["to_stage"] or NONE
    if row["is_pipeline_changed"] or row["event_type"] == "created":
        to = _stage(row["to_pipeline"], row["to_stage"])
    if row["event_type"] == "created":
        text = texts("deals.event_created", to=to)
    elif row["is_reopened"]:
        text = texts("deals.event_reopened", to=to)
    elif row["enters_stage"]:
        text = texts("deals.event_stage", before=row["from_stage"] or NONE, to=to)
    else:
        text, kind = texts.code("deals", f"event_{row['event_type']}"), "plain"
    stay = row["seconds_in_previous_stage"]
    after = "" if stay is None else texts("deals.after", duration=formatter.duration(stay))
    return _step(screen, kind, row["occurred_at"], text, after)


def _payment(screen: Screen, row: Row) -> str:
    formatter, kind = screen.formatter, row["payment_type"]
    signed = row["company_signed_amount"]
    money = formatter.money(signed)
    if row["currency_code"] != screen.about.currency:
        money = f"{formatter.number(row['amount'])} {row['currency_code']} = {money}"
    text = f"{screen.texts.code('payment', kind)}: {money}"
    return _step(screen, "back" if kind == "refund" else "money", row["paid_at"], text, "")


def _step(screen: Screen, kind: str, at: datetime, text: str, after: str) -> str:
    note = " · ".join(part for part in (screen.formatter.clock(at), after) if part)
    return f'<div class="ot-step {kind}"><b>{escape(text)}</b> <span>{escape(note)}</span></div>'


def _stage(pipeline: Any, stage: Any) -> str:
    return " · ".join(str(part) for part in (pipeline, stage) if part) or NONE


def _link(screen: Screen, row: Row) -> str:
    return address("conversations", screen.params(conversation=row["conversation_key"]))
