"""The oracle reproduces every golden row."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from tests.golden import cases
from tests.oracle.business_time import business_seconds, deadline
from tests.oracle.engine import Result, run

CASE_IDS = cases.load_case_ids()


def as_text(value: Any) -> str:
    """Write a value as the CSV files do: null empty, lists by spaces, instants with Z."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return " ".join(value) if isinstance(value, list) else str(value)


def rows_like(records: list[Any], expected: list[dict[str, str]]) -> list[dict[str, str]]:
    """Write records as CSV rows with the columns of the expectation."""
    columns = [name for name in expected[0] if name != "case"]
    return [{name: as_text(asdict(record)[name]) for name in columns} for record in records]


def of_case(rows: list[dict[str, str]], case: str) -> list[dict[str, str]]:
    """Pick the rows of a case, without the case."""
    return [
        {name: value for name, value in row.items() if name != "case"}
        for row in rows
        if row["case"] == case
    ]


def ordered(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Sort rows by all their values: golden files need no order."""
    return sorted(rows, key=lambda row: tuple(row.values()))


@cache
def result_of(case: str) -> Result:
    """Run the oracle on one case with the working hours of that case."""
    schedule = cases.load_case_schedules().get(case)
    return run(
        cases.load_events(case),
        cases.rules(cases.load_schedules()[schedule] if schedule else None),
    )


@pytest.mark.parametrize("case", CASE_IDS)
def test_conversations_of_the_oracle_equal_the_hand_computed(case: str) -> None:
    expected = cases.load_expected_conversations()
    found = rows_like(result_of(case).conversations, expected)
    assert ordered(found) == ordered(of_case(expected, case))


@pytest.mark.parametrize("case", CASE_IDS)
def test_replies_of_the_oracle_equal_the_hand_computed(case: str) -> None:
    expected = cases.load_expected_replies()
    found = rows_like(result_of(case).replies, expected)
    assert ordered(found) == ordered(of_case(expected, case))


@pytest.mark.parametrize("case", CASE_IDS)
def test_attempts_of_the_oracle_equal_the_hand_computed(case: str) -> None:
    expected = cases.load_expected_outbound_attempts()
    found = rows_like(result_of(case).attempts, expected)
    assert ordered(found) == ordered(of_case(expected, case))


@pytest.mark.parametrize("case", sorted({r["case"] for r in cases.load_expected_sessions()}))
def test_sessions_of_the_oracle_equal_the_hand_computed(case: str) -> None:
    expected = cases.load_expected_sessions()
    found = rows_like(result_of(case).sessions, expected)
    assert ordered(found) == ordered(of_case(expected, case))


@pytest.mark.parametrize("case", sorted({r["case"] for r in cases.load_expected_effort()}))
def test_effort_of_the_oracle_equals_the_hand_computed(case: str) -> None:
    effort = result_of(case).effort_seconds
    found = {message_id: str(seconds) for (_, _, message_id), seconds in effort.items()}
    rows = of_case(cases.load_expected_effort(), case)
    assert found == {row["message_id"]: row["effort_seconds"] for row in rows}


@pytest.mark.parametrize("case", cases.load_business_time(), ids=lambda case: case.case)
def test_business_seconds_equal_the_hand_counted(case: cases.BusinessTimeCase) -> None:
    schedule = cases.load_schedules()[case.schedule]
    assert business_seconds(schedule, case.start, case.end) == case.expected_seconds


@pytest.mark.parametrize("case", cases.load_deadlines(), ids=lambda case: case.case)
def test_deadline_equals_the_hand_counted(case: cases.DeadlineCase) -> None:
    schedule = cases.load_schedules()[case.schedule]
    assert deadline(schedule, case.start, case.seconds) == case.expected_at


def test_every_case_has_its_story_and_every_expectation_its_case() -> None:
    stories = {path.name[:3] for path in cases.FOLDER.glob("[0-9][0-9][0-9]_*.md")}
    assert stories == set(CASE_IDS)
    for load in (
        cases.load_expected_conversations,
        cases.load_expected_replies,
        cases.load_expected_outbound_attempts,
        cases.load_expected_sessions,
        cases.load_expected_effort,
    ):
        assert {row["case"] for row in load()} <= set(CASE_IDS)


def test_all_cases_together_give_what_each_gives_alone() -> None:
    plain = [case for case in CASE_IDS if case not in cases.load_case_schedules()]
    events = [event for case in plain for event in cases.load_events(case)]
    together = run(events, cases.rules())
    alone = [c for case in plain for c in result_of(case).conversations]
    key = lambda c: (c.source_slug, c.thread_id, c.started_at)  # noqa: E731
    assert sorted(together.conversations, key=key) == sorted(alone, key=key)
