"""A conversation as a chat, with the wait and the answer that make its first response time."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import Final

import streamlit as st

from app.components import html
from app.components.formatting import NONE
from app.components.screen import Screen
from app.conversations import MESSAGE_LIMIT, Transcript
from app.data import Row

_OURS: Final = ("agent", "bot", "auto_reply", "broadcast")
_FLAGS: Final = (
    ("is_template", "template"),
    ("is_courtesy", "courtesy"),
    ("edited_at", "edited"),
    ("deleted_at", "deleted"),
)


def summary(screen: Screen, conversation: Row) -> None:
    """Draw what is known of a conversation as a whole."""
    texts, formatter, row = screen.texts, screen.formatter, conversation
    outcome = texts.code("outcome", row["outcome"])
    if row["refusal_reason"]:
        outcome = f"{outcome} ({row['refusal_reason']})"
    closed = formatter.moment(row["closed_at"])
    if row["close_reason"]:
        closed = f"{closed} · {texts.code('close', row['close_reason'])}"
    pairs = [
        (texts("transcript.customer"), formatter.person(row["customer_label"])),
        (texts("transcript.channel"), row["channel_name"] or NONE),
        (texts("transcript.agent_of_first"), formatter.person(row["agent_name"])),
        (texts("transcript.started"), formatter.moment(row["started_at"])),
        (texts("transcript.closed"), texts("transcript.open_now") if row["is_open"] else closed),
        (texts("transcript.outcome"), outcome),
        (texts("transcript.duration"), formatter.duration(row["dialog_duration_seconds"])),
        (texts("transcript.messages"), formatter.number(row["message_count"])),
        (texts("transcript.intent"), texts.code("intent", row["intent"])),
    ]
    if row["deal_count"]:
        pairs.append((texts("transcript.deals"), formatter.number(row["deal_count"])))
    if row["attributed_amount"] is not None:
        pairs.append((texts("transcript.amount"), formatter.money(row["attributed_amount"])))
    html.facts(pairs)


def first_response(screen: Screen, conversation: Row) -> None:
    """Draw the two moments of the first wait and its length on both clocks."""
    texts, formatter, row = screen.texts, screen.formatter, conversation
    if row["waiting_since_at"] is None:
        st.caption(texts("transcript.not_awaited"))
        return
    answered = (
        formatter.moment(row["first_response_at"], seconds=True)
        if row["first_response_at"]
        else texts("transcript.still_waiting" if row["is_open"] else "transcript.no_answer")
    )
    html.facts(
        [
            (texts("transcript.waits"), formatter.moment(row["waiting_since_at"], seconds=True)),
            (texts("transcript.answered"), answered),
        ]
    )
    clocks = (
        ("calendar", row["first_response_calendar_seconds"], row["is_within_target"]),
        ("business", row["first_response_business_seconds"], row["is_within_target_business"]),
    )
    boxes = "".join(
        f"<div><span>{escape(texts(f'transcript.{name}'))}</span>"
        f"<b>{escape(formatter.duration(seconds))}</b>{escape(_verdict(screen, in_time))}</div>"
        for name, seconds, in_time in clocks
    )
    st.html(f'<div class="ot-clocks">{boxes}</div>')


def chat(screen: Screen, conversation: Row, transcript: Transcript) -> None:
    """Draw the messages as bubbles with marks on waits and answers."""
    waits = {row["waiting_message_key"]: row for row in transcript.waits}
    answers = {
        row["reply_message_key"]: row for row in transcript.waits if row["reply_message_key"]
    }
    parts: list[str] = []
    day: date | None = None
    for message in transcript.messages:
        local = message["sent_at"].astimezone(screen.formatter.zone).date()
        if local != day:
            day = local
            parts.append(f'<div class="ot-day">{escape(screen.formatter.day(day))}</div>')
        key = message["message_key"]
        parts.append(bubble(screen, message, waits.get(key), answers.get(key)))
    if len(transcript.messages) == MESSAGE_LIMIT:
        note = screen.texts("transcript.cut", limit=MESSAGE_LIMIT)
        parts.append(f'<div class="ot-day">{escape(note)}</div>')
    parts.append(f'<div class="ot-end">{escape(_ending(screen, conversation))}</div>')
    st.html(f'<div class="ot-chat">{"".join(parts)}</div>')


def bubble(
    screen: Screen, message: Row, wait: Row | None = None, answered: Row | None = None
) -> str:
    """Return a message as HTML, with the marks of the wait that it begins or ends."""
    texts, author = screen.texts, message["author_type"]
    classes = ["ot-msg", author, "ours" if author in _OURS else ""]
    marks = ""
    if wait is not None and wait["is_first_response"]:
        classes.append("waiting")
        moment = screen.formatter.moment(wait["waiting_since_at"], seconds=True)
        text = texts("transcript.waiting_since", moment=moment)
        marks += f'<div class="ot-mark">{escape(text)}{escape(_pending(screen, wait))}</div>'
    if answered is not None and answered["is_first_response"]:
        classes.append("answer")
        marks += f'<div class="ot-mark ours">{escape(_first_answer(screen, answered))}</div>'
    elif answered is not None:
        duration = screen.formatter.duration(answered["reply_calendar_seconds"])
        text = texts("transcript.reply_after", duration=duration)
        marks += f'<div class="ot-note">{escape(text)}</div>'
    name = message["agent_name"] if author == "agent" else None
    who = " · ".join(part for part in (texts.code("author", author), name) if part)
    flags = [texts(f"transcript.{text}") for column, text in _FLAGS if message[column]]
    if not message["is_public"]:
        flags.append(texts("transcript.note"))
    head = " · ".join((who, screen.formatter.clock(message["sent_at"], seconds=True), *flags))
    return (
        f'{marks}<div class="{" ".join(filter(None, classes))}">'
        f'<div class="ot-head">{escape(head)}</div>{escape(_body(screen, message))}</div>'
    )


def _body(screen: Screen, message: Row) -> str:
    texts, content = screen.texts, message["content_type"]
    written = str(message["text_masked"] or "")
    if content == "text":
        return written or texts("transcript.no_text")
    attachment = texts("transcript.attachment", type=texts.code("content", content))
    return f"[{attachment}] {written}".strip()


def _first_answer(screen: Screen, wait: Row) -> str:
    texts, formatter = screen.texts, screen.formatter
    return " · ".join(
        (
            texts(
                "transcript.first_response",
                moment=formatter.moment(wait["replied_at"], seconds=True),
            ),
            f"{texts('transcript.calendar').lower()} "
            f"{formatter.duration(wait['reply_calendar_seconds'])}",
            f"{texts('transcript.business').lower()} "
            f"{formatter.duration(wait['reply_business_seconds'])}",
        )
    )


def _pending(screen: Screen, wait: Row) -> str:
    if wait["is_answered"]:
        return ""
    if wait["stopped_at"] is not None:
        moment = screen.formatter.moment(wait["stopped_at"])
        return f" · {screen.texts('transcript.wait_stopped', moment=moment)}"
    key = "transcript.still_waiting" if wait["is_open"] else "transcript.reply_pending"
    return f" · {screen.texts(key)}"


def _verdict(screen: Screen, in_time: bool | None) -> str:
    if in_time is None:
        return ""
    return screen.texts("transcript.in_time" if in_time else "transcript.late")


def _ending(screen: Screen, conversation: Row) -> str:
    texts, row = screen.texts, conversation
    if row["is_open"]:
        waiting = row["awaits_human"] and row["is_answered"] is False
        return texts("transcript.still_waiting" if waiting else "transcript.open_now")
    moment = screen.formatter.moment(row["closed_at"])
    reason = texts.code("close", row["close_reason"])
    outcome = texts.code("outcome", row["outcome"])
    return f"{moment} · {reason} · {texts('transcript.outcome').lower()}: {outcome}"
