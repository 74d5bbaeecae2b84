"""The oracle against small cases computed by hand: mostly the corners that need a reading.

A thread is written one event a line, "hours who text": `c` customer, `a`, `b` agents, `bot`,
`tpl` an agent's template, `sys` a system line, `/close` an event. Message ids are m0, m1, ...
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.oracle.engine import Event, Result, Rules, run

ZERO = datetime(2025, 5, 5, tzinfo=UTC)
AUTHORS = {
    "c": "customer",
    "a": "agent",
    "b": "agent",
    "tpl": "agent",
    "bot": "bot",
    "sys": "system",
}


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def thread(*lines: str, source_slug: str = "gap", stream: str | None = None) -> list[Event]:
    """Parse the lines of one thread."""
    events = []
    for i, line in enumerate(lines):
        at, who, *words = line.split(maxsplit=2)
        is_event = who.startswith("/")
        events.append(
            Event(
                source_slug=source_slug,
                thread_id="t",
                message_id=f"m{i}",
                message_seq=i,
                event_type=who[1:] if is_event else "message",
                sent_at=ZERO + hours(float(at)),
                author_type="system" if is_event else AUTHORS[who],
                author_id=None if is_event else who,
                is_template=who == "tpl",
                text=words[0] if words else None,
                source_conversation_id=stream,
            )
        )
    return events


def solve(*lines: str, source_slug: str = "gap", stream: str | None = None) -> Result:
    rules = Rules(as_of=ZERO + timedelta(days=60), mode={"whole": "thread"})
    return run(thread(*lines, source_slug=source_slug, stream=stream), rules)


def parts(result: Result) -> list[str]:
    """Conversations as "who: rows"."""
    return [f"{c.initiated_by}: {' '.join(c.row_ids)}" for c in result.conversations]


def waits(result: Result) -> list[tuple[str, str | None, bool]]:
    """Waits as (from, answered by message, first response)."""
    return [
        (w.waiting_message_id, w.replied_message_id, w.is_first_response) for w in result.replies
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # Controls outside every conversation do nothing.
        (["0 /close", "0 /handoff", "1 c Нужно", "2 a Да"], ["customer: m2 m3"]),
        # A late close changes nothing: the silence came first.
        (["0 c Нужно", "1 a Да", "26 /close"], ["customer: m0 m1"]),
        # A close at the limit itself still belongs.
        (["0 c Нужно", "1 a Да", "25 /close"], ["customer: m0 m1 m2"]),
        # A second close is outside.
        (["0 c Нужно", "1 /close", "2 /close"], ["customer: m0 m1"]),
        # A close inside an answered attempt is a neutral row of the conversation.
        (["0 a Привет", "1 /close", "2 c Нужно"], ["us: m0 m1 m2"]),
        # A hand-off makes the customer wait: six days later the agent is still inside.
        (["0 c Нужно", "1 a Да", "2 /handoff", "140 b Вот"], ["customer: m0 m1 m2 m3"]),
        # no_reply_needed ends the waiting: G, not the cap.
        (["0 c Нужно", "1 /no_reply_needed", "24 c Ещё"], ["customer: m0 m1 m2"]),
        # Messages measure the gap: 25 h after the message, although 24 h after the event.
        (["0 c Нужно", "1 /no_reply_needed", "25 c Ещё"], ["customer: m0 m1", "customer: m2"]),
        # A hand-off later than the limit of the last message is neutral.
        (["0 c Нужно", "1 a Да", "26 /handoff", "27 c Ещё"], ["customer: m0 m1", "customer: m3"]),
        # Within the cap of a need it counts, whatever ended the waiting since ...
        (
            ["0 c Нужно", "1 /no_reply_needed", "30 /handoff", "50 c Ещё"],
            ["customer: m0 m1 m2 m3"],
        ),
        # ... but not beyond a close, even one that came after the silence.
        (
            ["0 c Нужно", "1 /no_reply_needed", "26 /close", "30 /handoff", "50 c Ещё"],
            ["customer: m0 m1", "customer: m4"],
        ),
        # The answer to an attempt counts from its last message.
        (["0 a Привет", "20 tpl Ау", "40 c Да"], ["us: m0 m1 m2"]),
        (["0 a Привет", "25 a Ау", "40 c Да"], ["us: m1 m2"]),
        (["0 a Привет", "24 tpl Ау", "48 c Да"], ["us: m0 m1 m2"]),
        # A courtesy answers an attempt, unless an explicit close claims it.
        (["0 a Привет", "1 c Спасибо"], ["us: m0 m1"]),
        (["0 c Нужно", "1 a Да", "26 a Ну как?", "27 c Ок"], ["customer: m0 m1", "us: m2 m3"]),
        (["0 c Нужно", "1 /close", "2 a Ну как?", "3 c Ок"], ["customer: m0 m1 m2 m3"]),
        # Farewell at 20 h, courtesy later than G after the close, but within G of the farewell.
        (["0 c Нужно", "0 /close", "20 a Пока", "30 c Ок"], ["customer: m0 m1 m2 m3"]),
        (["0 c Нужно", "0 /close", "20 a Пока", "45 c Ок"], ["customer: m0 m1 m2", "customer: m3"]),
        # A need after close, farewell and courtesy answers ours; the courtesy stays.
        (
            ["0 c Нужно", "0 /close", "1 a Пока", "2 c Ок", "3 c Нужно"],
            ["customer: m0 m1 m3", "us: m2 m4"],
        ),
        # An attempt later than G after the close is an attempt.
        (["0 c Нужно", "0 /close", "25 a Ау"], ["customer: m0 m1"]),
        # Tails count G from the close, not from each other.
        (["0 c Да", "0 /close", "20 c Ок", "25 c Ок"], ["customer: m0 m1 m2", "customer: m3"]),
        # Tails exist after the cap too (168 h + 24 h).
        (["0 c Нужно", "192 c Ок"], ["customer: m0 m1"]),
        # Neutral rows: inside the limit, and outside, where even a later tail takes none along.
        (["0 sys Вход", "0 c Нужно", "1 a Да", "25 sys Х", "26 sys Х"], ["customer: m1 m2 m3"]),
        (["0 c Нужно", "1 a Да", "26 sys Х", "27 c Ок"], ["customer: m0 m1 m3"]),
        (["0 c Нужно", "1 /close", "2 sys Х"], ["customer: m0 m1"]),
    ],
)
def test_boundaries_corner_cases_as_by_hand(lines: list[str], expected: list[str]) -> None:
    assert parts(solve(*lines)) == expected


def test_boundaries_attempt_after_close_and_gap_is_listed() -> None:
    result = solve("0 c Нужно", "0 /close", "25 a Ау", "26 tpl Ау")
    assert [attempt.message_ids for attempt in result.attempts] == [["m2", "m3"]]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # No inactivity limit, but an explicit close splits.
        (["0 c Да", "1 a Да", "400 c Да", "401 /close", "500 c Да"],
         ["customer: m0 m1 m2 m3", "customer: m4"]),
        # An attempt waits for its answer without limit.
        (["0 a Да", "100 c Нужно"], ["us: m0 m1"]),
        # Tails keep G.
        (["0 c Да", "1 /close", "25 c Ок", "26 c Ок"], ["customer: m0 m1 m2", "customer: m3"]),
    ],
)  # fmt: skip
def test_boundaries_platform_stream_as_by_hand(lines: list[str], expected: list[str]) -> None:
    assert parts(solve(*lines, stream="s1")) == expected


def test_boundaries_rows_without_platform_id_form_their_own_stream() -> None:
    with_id = thread("0 c Нужно", "100 a Да", stream="s1")
    without = [
        Event("gap", "t", f"n{i}", 9, "message", ZERO + hours(i), who, who, text="Нужно")
        for i, who in ((1, "customer"), (2, "agent"))
    ]
    result = run([*with_id, *without], Rules(as_of=ZERO + timedelta(days=60)))
    assert parts(result) == ["customer: m0 m1", "customer: n1 n2"]


@pytest.mark.parametrize(
    ("lines", "closed_hour", "reason"),
    [
        (["0 c Да", "5 /close", "6 c Ок"], 5, "explicit"),
        (["0 c Да", "5 /close", "6 /close"], 5, "explicit"),
        (["0 c Да", "5 /close", "6 a Да"], 30, "inactivity"),
        (["0 c Да", "5 /close", "6 c Нужно"], 6 + 168, "abandoned"),
        (["0 c Да", "5 /close", "30 c Ок"], 54, "inactivity"),
        (["0 c Да", "1 a Да", "31 c Ок"], 55, "inactivity"),
        (["0 c Да", "1 a Да", "9 /handoff"], 1 + 168, "abandoned"),
        (["0 c Да", "1 bot Да", "40 /handoff"], 1 + 168, "abandoned"),
        (["0 c Да", "9 /no_reply_needed"], 24, "inactivity"),
        (["0 tpl Да", "200 c Ок", "201 sys Х"], 224, "inactivity"),
    ],
)
def test_closing_thread_mode_as_by_hand(lines: list[str], closed_hour: float, reason: str) -> None:
    [conversation] = solve(*lines, source_slug="whole").conversations
    assert (conversation.closed_at, conversation.close_reason) == (
        ZERO + hours(closed_hour),
        reason,
    )


def test_closing_at_the_build_is_closed_and_a_microsecond_later_open() -> None:
    events = thread("0 c Нужно", "1 a Да")
    at, before = (
        run(events, Rules(as_of=ZERO + hours(25) - timedelta(microseconds=micro))).conversations[0]
        for micro in (0, 1)
    )
    assert (at.is_open, at.closed_at) == (False, ZERO + hours(25))
    assert (before.is_open, before.closed_at, before.close_reason) == (True, None, None)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # The hand-off before the bot's first line ends the hold all the same.
        (["0 c Да", "1 /handoff", "2 bot Жду", "3 a Да"], [("m1", "m3", True)]),
        # A hand-off where no bot holds starts nothing.
        (["0 c Да", "1 a Да", "2 /handoff", "3 b Да"], [("m0", "m1", True)]),
        # A courtesy starts no wait and ends none.
        (["0 c Нужно", "1 a Да", "2 c Ок", "3 c Нужно", "4 c Ок", "5 a Да"],
         [("m0", "m1", True), ("m3", "m5", False)]),
        # ... but the very first words of a thread thank for nothing: they wait.
        (["0 c Ок", "1 c Нужно", "2 a Да"], [("m0", "m2", True)]),
        # The bot holds, the request stops by no_reply_needed, then a human speaks: no wait.
        (["0 bot Х", "0 c Да", "1 /no_reply_needed", "2 a Да"], []),
        # After the hold a new need waits as usual.
        (["0 c Да", "1 bot Х", "2 a Да", "3 c Да", "4 bot Х", "5 b Да"], [("m3", "m5", True)]),
        # A close ends the wait without an answer; the farewell answers nothing.
        (["0 c Да", "1 /close", "2 a Да"], [("m0", None, True)]),
        # Outbound: no question, no first response.
        (["0 a Да", "1 c Нужно", "2 a Да"], [("m1", "m2", False)]),
        # Outbound: the wait that holds the question is counted from it.
        (["0 a Да", "1 c Да", "2 a Да", "3 c Да", "4 c Где", "5 a Да"],
         [("m1", "m2", False), ("m4", "m5", True)]),
        # Outbound by a bot: it holds; the question waits for a human from the hand-off.
        (["0 bot Да", "1 c Где", "2 bot Да", "3 /handoff", "4 a Да"], [("m3", "m4", True)]),
        # Outbound: an open wait is counted from the question too.
        (["0 a Да", "1 c Да", "2 c Где"], [("m2", None, True)]),
    ],
)  # fmt: skip
def test_waits_corner_cases_as_by_hand(
    lines: list[str], expected: list[tuple[str, str | None, bool]]
) -> None:
    assert waits(solve(*lines)) == expected


@pytest.mark.parametrize(
    ("lines", "within", "breached"),
    [
        (["0 c Да", "0.1 a Да"], True, False),
        (["0 c Да", "1 a Да"], False, True),
        (["0 c Да", "0.1 c Ок", "1 a Да"], False, False),
        # The courtesy is not the last word before the deadline.
        (["0 c Да", "0.05 c Ок", "0.1 c Где"], False, True),
        # The courtesy comes after the deadline.
        (["0 c Да", "1 c Ок"], False, True),
        (["0 c Да", "0.1 /close"], False, False),
        (["0 c Да", "1 /close"], False, True),
    ],
)
def test_service_level_as_by_hand(lines: list[str], within: bool, breached: bool) -> None:
    [conversation] = solve(*lines).conversations
    assert (conversation.is_within_target, conversation.is_sla_breached) == (within, breached)


def test_service_level_before_the_deadline_is_undecided() -> None:
    result = run(thread("0 c Да"), Rules(as_of=ZERO + timedelta(seconds=599)))
    assert result.conversations[0].is_within_target is None
    assert result.conversations[0].is_sla_breached is None


def test_dialog_duration_courtesies_only_is_zero() -> None:
    [conversation] = solve("0 c Ок", "1 c Спасибо").conversations
    assert conversation.dialog_duration_seconds == 0


def test_effort_caps_and_typing_as_by_hand() -> None:
    result = solve(
        "0 c Нужно",
        f"{300 / 3600} a Да",  # 300 s after the customer: all of it
        f"{301 / 3600 * 2} a Да",  # 302 s after Anna's own: 2 characters, at least 5 s
        "1 a " + "х" * 2000,  # 400 s of typing, at most 300
        "2 b Да",
        "2 b Да",  # the same instant: nothing is left
    )
    efforts = [result.effort_seconds["gap", "t", f"m{i}"] for i in range(1, 6)]
    assert efforts == [300, 5, 300, 5, 0]


def test_run_two_events_of_one_id_raises() -> None:
    with pytest.raises(ValueError, match="share a message id"):
        run(thread("0 c Да") * 2, Rules(as_of=ZERO))
