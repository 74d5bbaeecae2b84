"""Waiting for a human inside one conversation: rules R1 to R5."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.oracle.business_time import business_seconds, deadline
from tests.oracle.courtesy import is_question
from tests.oracle.records import Kind, Reply, Row, Rules, Stretch, whole_seconds

CUSTOMER = (Kind.NEED, Kind.COURTESY)


def waits_of(stretch: Stretch, rules: Rules, *, is_open: bool) -> list[Reply]:
    """List the waits for a human, first response marked (R1 to R3)."""
    waits: list[Reply] = []
    release = _release_of_bot(stretch.rows)
    since: Row | None = None
    for i, row in enumerate(stretch.rows):
        held = release is not None and i < release
        handed_over = release is not None and i == release
        need_waits = row.kind is Kind.NEED and not held and since is None
        if need_waits or (row.kind is Kind.HANDOFF and handed_over):
            since = row
        elif row.kind is Kind.HUMAN:
            if handed_over:
                since = _need_after_bot(stretch.rows[:i])
            if since is not None:
                waits.append(_answered(stretch, since, row, rules))
            since = None
        elif row.kind in (Kind.NO_REPLY, Kind.CLOSE) and since is not None:
            waits.append(replace(_unanswered(stretch, since, is_open=False), stopped_at=row.at))
            since = None
    if since is not None:
        waits.append(_unanswered(stretch, since, is_open=is_open))
    return _mark_first_response(stretch, waits, rules)


def _release_of_bot(rows: list[Row]) -> int | None:
    """Index of the event that ends the bot's hold; null if no bot holds, past the end if never."""
    for row in rows:
        if row.kind is Kind.HUMAN:
            return None
        if row.kind is Kind.BOT:
            break
    else:
        return None
    for i, row in enumerate(rows):
        if row.kind in (Kind.HANDOFF, Kind.HUMAN):
            return i
    return len(rows)


def _need_after_bot(rows: list[Row]) -> Row | None:
    """The customer's first message that wants an answer after the bot's last one.

    A close or "no reply needed" in between ends that wait as it ends every other.
    """
    found: Row | None = None
    for row in rows:
        if row.kind in (Kind.BOT, Kind.NO_REPLY, Kind.CLOSE):
            found = None
        elif row.kind is Kind.NEED and found is None:
            found = row
    return found


def _answered(stretch: Stretch, since: Row, answer: Row, rules: Rules) -> Reply:
    return replace(
        _unanswered(stretch, since, is_open=False),
        replied_at=answer.at,
        replied_message_id=answer.event.message_id,
        agent_id=answer.event.author_id,
        calendar_seconds=whole_seconds(since.at, answer.at),
        business_seconds=business_seconds(rules.schedule, since.at, answer.at),
        is_answered=True,
    )


def _unanswered(stretch: Stretch, since: Row, *, is_open: bool) -> Reply:
    return Reply(
        thread_id=since.event.thread_id,
        first_message_id=stretch.rows[0].event.message_id,
        waiting_since_at=since.at,
        waiting_message_id=since.event.message_id,
        replied_at=None,
        replied_message_id=None,
        agent_id=None,
        calendar_seconds=None,
        business_seconds=None,
        is_first_response=False,
        is_answered=False,
        is_open=is_open,
    )


def _mark_first_response(stretch: Stretch, waits: list[Reply], rules: Rules) -> list[Reply]:
    """Flag the first wait; in an outbound conversation the one that holds the first question.

    There the wait is counted from the question: what the customer said before it asked nothing.
    """
    if not waits or stretch.initiated_by == "customer":
        return [replace(wait, is_first_response=i == 0) for i, wait in enumerate(waits)]
    question = next(
        (r for r in stretch.rows if r.kind is Kind.NEED and is_question(r.event.text)), None
    )
    if question is None:
        return waits
    position = {row.event.message_id: i for i, row in enumerate(stretch.rows)}
    asked = position[question.event.message_id]
    for i, wait in enumerate(waits):
        started = position[wait.waiting_message_id]
        if started >= asked:
            return [*waits[:i], replace(wait, is_first_response=True), *waits[i + 1 :]]
        ended = _end_position(stretch.rows, wait, started)
        if asked < ended:
            moved = _count_from(wait, question, rules)
            return [*waits[:i], moved, *waits[i + 1 :]]
    return waits


def _end_position(rows: list[Row], wait: Reply, started: int) -> int:
    """Index of the answer or stop of a wait, past the end while there is none."""
    for i, row in enumerate(rows):
        answers = row.kind is Kind.HUMAN and row.event.message_id == wait.replied_message_id
        stops = row.kind in (Kind.NO_REPLY, Kind.CLOSE) and not wait.is_answered
        if i > started and (answers or stops):
            return i
    return len(rows)


def _count_from(wait: Reply, question: Row, rules: Rules) -> Reply:
    moved = replace(
        wait,
        waiting_since_at=question.at,
        waiting_message_id=question.event.message_id,
        is_first_response=True,
    )
    if moved.replied_at is None:
        return moved
    return replace(
        moved,
        calendar_seconds=whole_seconds(question.at, moved.replied_at),
        business_seconds=business_seconds(rules.schedule, question.at, moved.replied_at),
    )


def is_within_target(wait: Reply, rules: Rules) -> bool | None:
    """Answered in time on the calendar clock; null while neither answered nor past it (R5).

    The instants decide: whole seconds are for reading, and an answer half a second late is late.
    """
    expires = wait.waiting_since_at + timedelta(seconds=rules.target_seconds)
    if wait.replied_at is not None:
        return wait.replied_at <= expires
    return False if expires <= rules.as_of else None


def is_breached(stretch: Stretch, wait: Reply, rules: Rules) -> bool | None:
    """Whether the service level of the first wait was broken; null while it may go either way.

    It fires at the deadline on the working clock, answered or not, unless the clock stopped by
    then: an answer, a close, "no reply needed", or a courtesy as the customer's last word. What has
    stopped the clock decides at once, although a request may still let it run on.
    """
    expires = deadline(rules.schedule, wait.waiting_since_at, rules.target_seconds)
    if wait.replied_at is not None and wait.replied_at <= expires:
        return False
    if wait.stopped_at is not None and wait.stopped_at <= expires:
        return False
    words = [
        row
        for row in stretch.rows
        if row.kind in CUSTOMER and wait.waiting_since_at <= row.at <= expires
    ]
    if words and words[-1].kind is Kind.COURTESY:
        return False
    return True if expires <= rules.as_of else None
