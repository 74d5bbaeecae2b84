"""What must hold for any threads whatever: checked on generated ones."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings

from tests.oracle import generate
from tests.oracle.boundaries import kind_of
from tests.oracle.engine import Event, Result, run
from tests.oracle.records import Kind


@pytest.fixture(scope="module")
def crowd() -> tuple[list[Event], Result]:
    events = generate.random_events(7, threads=400)
    return events, run(events, generate.rules())


@settings(max_examples=60, deadline=None)
@given(generate.event_sets())
def test_any_order_of_rows_gives_the_same_result(events: list[Event]) -> None:
    shuffled = list(events)
    Random(1).shuffle(shuffled)
    assert run(shuffled, generate.rules()) == run(events, generate.rules())


@settings(max_examples=60, deadline=None)
@given(generate.event_sets())
def test_every_message_of_customer_and_ours_has_exactly_one_place(events: list[Event]) -> None:
    result = run(events, generate.rules())
    places: Counter[tuple[str, str]] = Counter()
    for conversation in result.conversations:
        places.update((conversation.thread_id, row_id) for row_id in conversation.row_ids)
    for attempt in result.attempts:
        places.update((attempt.thread_id, message_id) for message_id in attempt.message_ids)
    assert set(places.values()) <= {1}
    for event in events:
        if kind_of(event) in (Kind.NEED, Kind.COURTESY, Kind.HUMAN, Kind.BOT):
            assert places[event.thread_id, event.message_id] == 1


@settings(max_examples=60, deadline=None)
@given(generate.event_sets())
def test_every_thread_alone_gives_what_all_together_give(events: list[Event]) -> None:
    together = run(events, generate.rules())
    for thread_id in {event.thread_id for event in events}:
        alone = run([e for e in events if e.thread_id == thread_id], generate.rules())
        assert alone.conversations == [
            c for c in together.conversations if c.thread_id == thread_id
        ]
        assert alone.replies == [r for r in together.replies if r.thread_id == thread_id]


@settings(max_examples=60, deadline=None)
@given(generate.event_sets())
def test_effort_of_an_agent_never_exceeds_wall_clock(events: list[Event]) -> None:
    result = run(events, generate.rules())
    at = {(e.source_slug, e.thread_id, e.message_id): e for e in events}
    by_agent: dict[tuple[str, str], list[tuple[float, int]]] = {}
    for key, seconds in result.effort_seconds.items():
        event = at[key]
        assert 0 <= seconds <= 300
        if event.author_id:
            agent = (event.source_slug, event.author_id)
            by_agent.setdefault(agent, []).append((event.sent_at.timestamp(), seconds))
    for messages in by_agent.values():
        first, last = min(messages), max(messages)
        # What goes into the first message lies before it.
        before_first = max(seconds for moment, seconds in messages if moment == first[0])
        assert sum(seconds for _, seconds in messages) <= last[0] - first[0] + before_first


def test_waits_of_a_conversation_follow_each_other(crowd: tuple[list[Event], Result]) -> None:
    _, result = crowd
    previous = None
    for wait in result.replies:
        key = (wait.thread_id, wait.first_message_id)
        if previous is not None and key == (previous.thread_id, previous.first_message_id):
            end = previous.replied_at or previous.stopped_at
            assert end is not None
            assert end <= wait.waiting_since_at
        assert wait.is_answered == (wait.replied_at is not None)
        assert not (wait.is_answered and wait.is_open)
        previous = wait


def test_closed_conversations_end_in_time(crowd: tuple[list[Event], Result]) -> None:
    _, result = crowd
    rules = generate.rules()
    for conversation in result.conversations:
        assert (conversation.closed_at is None) == (conversation.close_reason is None)
        assert conversation.is_open != conversation.is_finished
        if conversation.closed_at is not None:
            assert conversation.started_at <= conversation.closed_at <= rules.as_of
        # The wait that is marked first is the one the conversation tells of.
        first = [
            wait
            for wait in result.replies
            if wait.is_first_response
            and (wait.thread_id, wait.first_message_id)
            == (conversation.thread_id, conversation.first_message_id)
        ]
        assert [wait.is_answered for wait in first] == (
            [] if conversation.is_answered is None else [conversation.is_answered]
        )
        assert conversation.first_response_calendar_seconds == (
            first[0].calendar_seconds if first else None
        )


def test_sessions_hold_every_message_once(crowd: tuple[list[Event], Result]) -> None:
    events, result = crowd
    messages = [event for event in events if event.event_type == "message"]
    assert sum(session.message_count for session in result.sessions) == len(messages)
    starts = sorted((s.source_slug, s.thread_id, s.started_at, s.ended_at) for s in result.sessions)
    for (source, thread, _, end), (*other, start, _) in pairwise(starts):
        if [source, thread] == other:
            assert start - end > timedelta(minutes=30)


def test_the_generator_reaches_every_outcome(crowd: tuple[list[Event], Result]) -> None:
    """Otherwise a comparison on generated threads would prove little."""
    events, result = crowd
    assert {event.event_type for event in events} >= {"close", "handoff", "no_reply_needed"}
    assert {kind_of(event) for event in events} == set(Kind)
    found = result.conversations
    types = {c.interaction_type for c in found}
    assert types == {"chat", "bot", "mixed", "group", "outbound"}
    assert {c.close_reason for c in found} == {None, "explicit", "inactivity", "abandoned"}
    assert {c.is_answered for c in found} == {None, True, False}
    assert {c.is_sla_breached for c in found} == {None, True, False}
    assert any(c.initiated_by == "us" and c.is_answered for c in found)
    assert any(c.closed_at and c.last_message_at > c.closed_at for c in found)
    assert any(reply.is_open for reply in result.replies)
    assert result.attempts
