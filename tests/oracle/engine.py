"""The conversation engine once more, slowly and plainly, to check the SQL models against.

Written from the metric catalogue and docs/DECISIONS.md alone: loops over one thread at a time, no
windows, no tables. Where the rules leave a choice open, README.md of this folder says which reading
is taken here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tests.oracle.boundaries import (
    CUSTOMER,
    MESSAGES,
    WAITING,
    kind_of,
    last_message,
    limit_of,
    split_stream,
    whole_thread,
)
from tests.oracle.business_time import deadline
from tests.oracle.effort import effort_of, sessions_of
from tests.oracle.records import (
    Attempt,
    Conversation,
    Event,
    Kind,
    Reply,
    Result,
    Row,
    Rules,
    Session,
    Stretch,
    whole_seconds,
)
from tests.oracle.replies import is_breached, is_within_target, waits_of

__all__ = [
    "Attempt",
    "Conversation",
    "Event",
    "Reply",
    "Result",
    "Rules",
    "Session",
    "run",
]


def run(events: Iterable[Event], rules: Rules) -> Result:
    """Work out everything from a set of events, in whatever order they come.

    Raises:
        ValueError: if two events of a thread share their message id.
    """
    threads: dict[tuple[str, str], list[Row]] = {}
    for event in events:
        rows = threads.setdefault((event.source_slug, event.thread_id), [])
        rows.append(Row(event, kind_of(event)))
    result = Result([], [], [], [], {})
    stretches: list[Stretch] = []
    for (source_slug, thread_id), rows in sorted(threads.items()):
        if len({row.event.message_id for row in rows}) < len(rows):
            raise ValueError(f"thread {thread_id}: two events share a message id")
        rows.sort(key=lambda row: row.order)
        _first_words_ask(rows)
        whole = rules.mode.get(source_slug, "gap") == "thread"
        found, attempts = _split_thread(rows, rules, whole=whole)
        stretches.extend(found)
        for stretch in found:
            conversation, replies = _describe(stretch, rules, whole=whole)
            result.conversations.append(conversation)
            result.replies.extend(replies)
        for attempt in attempts:
            ids = [row.event.message_id for row in attempt]
            result.attempts.append(Attempt(source_slug, thread_id, ids[0], ids))
        result.sessions.extend(sessions_of(rows, rules))
    result.effort_seconds = effort_of(
        [row.event for rows in threads.values() for row in rows], stretches, rules
    )
    return result


def _first_words_ask(rows: list[Row]) -> None:
    """The very first message of a thread thanks for nothing: it is a need (E3)."""
    for i, row in enumerate(rows):
        if row.kind in MESSAGES:
            if row.kind is Kind.COURTESY:
                rows[i] = Row(row.event, Kind.NEED)
            return


def _split_thread(
    rows: list[Row], rules: Rules, *, whole: bool
) -> tuple[list[Stretch], list[list[Row]]]:
    """Split one thread by its mode; platform conversation ids make streams of their own (E7)."""
    if whole:
        return whole_thread(rows, rules)
    streams: dict[str | None, list[Row]] = {}
    for row in rows:
        streams.setdefault(row.event.source_conversation_id, []).append(row)
    stretches: list[Stretch] = []
    attempts: list[list[Row]] = []
    for stream_id, stream in streams.items():
        found, unanswered = split_stream(stream, rules, endless=stream_id is not None)
        stretches.extend(found)
        attempts.extend(unanswered)
    stretches.sort(key=lambda stretch: stretch.rows[0].order)
    attempts.sort(key=lambda attempt: attempt[0].order)
    return stretches, attempts


def _closing(stretch: Stretch, rules: Rules, *, whole: bool) -> tuple[datetime | None, str | None]:
    """Moment and reason of the close, nulls while the conversation is open (E8)."""
    if stretch.ended_at is not None:
        return stretch.ended_at, stretch.end_reason
    living: list[Row] = []
    closed: Row | None = None
    for row in stretch.rows:
        if row.event.message_id in stretch.tail_ids:
            continue
        if whole and closed is not None:
            tail = row.kind is Kind.COURTESY and row.at - closed.at <= rules.gap
            if tail or row.kind is Kind.CLOSE:
                continue
        closed = row if row.kind is Kind.CLOSE else None
        living.append(row)
    if closed is not None:
        return closed.at, "explicit"
    ends = last_message(living).at + limit_of(living[-1], rules)
    if ends > rules.as_of:
        return None, None
    return ends, "abandoned" if living[-1].kind in WAITING else "inactivity"


def _describe(stretch: Stretch, rules: Rules, *, whole: bool) -> tuple[Conversation, list[Reply]]:
    """Work out the figures and the waits of one conversation."""
    rows = stretch.rows
    everything = sorted([*rows, *stretch.neutral_rows], key=lambda row: row.order)
    closed_at, reason = _closing(stretch, rules, whole=whole)
    waits = waits_of(stretch, rules, is_open=closed_at is None)
    first = next((wait for wait in waits if wait.is_first_response), None)
    humans = [row for row in rows if row.kind is Kind.HUMAN]
    bots = [row for row in rows if row.kind is Kind.BOT]
    from_customer = {
        kind: _seconds_after_first_customer_message(rows, kind) for kind in (Kind.HUMAN, Kind.BOT)
    }
    conversation = Conversation(
        source_slug=rows[0].event.source_slug,
        thread_id=rows[0].event.thread_id,
        first_message_id=rows[0].event.message_id,
        message_ids=[
            row.event.message_id for row in everything if row.event.event_type == "message"
        ],
        row_ids=[row.event.message_id for row in everything],
        initiated_by=stretch.initiated_by,
        interaction_type=_interaction_type(stretch, has_human=bool(humans), has_bot=bool(bots)),
        started_at=rows[0].at,
        last_message_at=last_message(rows).at,
        closed_at=closed_at,
        close_reason=reason,
        is_open=closed_at is None,
        is_finished=closed_at is not None,
        first_response_at=first.replied_at if first else None,
        first_response_agent_id=first.agent_id if first else None,
        first_response_calendar_seconds=first.calendar_seconds if first else None,
        first_response_business_seconds=first.business_seconds if first else None,
        frt_customer_view_seconds=from_customer[Kind.HUMAN],
        frt_bot_seconds=from_customer[Kind.BOT],
        frt_any_seconds=min((s for s in from_customer.values() if s is not None), default=None),
        is_answered=first.is_answered if first else None,
        is_within_target=is_within_target(first, rules) if first else None,
        sla_deadline_at=_sla_deadline(first, rules),
        is_sla_breached=is_breached(stretch, first, rules) if first else None,
        dialog_duration_seconds=_dialog_duration(rows),
        message_count=sum(1 for row in everything if row.event.event_type == "message"),
        customer_message_count=sum(1 for row in rows if row.kind in CUSTOMER),
        agent_message_count=len(humans),
        bot_message_count=len(bots),
        agent_count=len({row.event.author_id for row in humans} - {None}),
    )
    return conversation, waits


def _interaction_type(stretch: Stretch, *, has_human: bool, has_bot: bool) -> str:
    """Started by us, else a group, else by who took part."""
    if stretch.initiated_by == "us":
        return "outbound"
    if stretch.rows[0].event.is_group:
        return "group"
    if has_bot:
        return "mixed" if has_human else "bot"
    return "chat"


def _seconds_after_first_customer_message(rows: list[Row], kind: Kind) -> int | None:
    """From the very first customer message to the first message of this kind after it (R4)."""
    start = next(i for i, row in enumerate(rows) if row.kind in CUSTOMER)
    answer = next((row for row in rows[start:] if row.kind is kind), None)
    return None if answer is None else whole_seconds(rows[start].at, answer.at)


def _sla_deadline(first: Reply | None, rules: Rules) -> datetime | None:
    if first is None:
        return None
    return deadline(rules.schedule, first.waiting_since_at, rules.target_seconds)


def _dialog_duration(rows: list[Row]) -> int:
    """Last minus first message, trailing courtesies of the customer left out (T1)."""
    messages = [row for row in rows if row.kind in MESSAGES]
    while len(messages) > 1 and messages[-1].kind is Kind.COURTESY:
        messages.pop()
    return whole_seconds(rows[0].at, messages[-1].at)
