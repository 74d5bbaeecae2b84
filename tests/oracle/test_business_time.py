"""Open seconds and deadlines: properties; the hand-counted cases stand in tests/golden."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.business_time import Opening, Schedule, business_seconds, deadline

MONDAY = datetime(2025, 5, 5, tzinfo=UTC)
OFFICE = Schedule("Europe/Moscow", tuple(Opening(day, "09:00", "18:00") for day in range(1, 6)))
BERLIN = Schedule("Europe/Berlin", tuple(Opening(day, "09:00", "18:00") for day in range(1, 8)))
SCHEDULES = st.sampled_from((OFFICE, BERLIN))
# Around the end of summer time in Berlin.
INSTANTS = st.integers(0, 4 * 86_400).map(
    lambda s: datetime(2025, 10, 24, tzinfo=UTC) + timedelta(seconds=s)
)


def test_business_seconds_without_schedule_equals_the_calendar() -> None:
    end = MONDAY + timedelta(days=3, microseconds=999_999)
    assert business_seconds(None, MONDAY, end) == 3 * 86_400


def test_business_seconds_end_before_start_raises() -> None:
    with pytest.raises(ValueError, match="lies before"):
        business_seconds(OFFICE, MONDAY, MONDAY - timedelta(seconds=1))


def test_deadline_never_open_raises() -> None:
    with pytest.raises(ValueError, match="open time"):
        deadline(Schedule("Europe/Moscow", ()), MONDAY, 1)


@settings(max_examples=40, deadline=None)
@given(SCHEDULES, st.tuples(INSTANTS, INSTANTS, INSTANTS))
def test_business_seconds_parts_add_up(
    schedule: Schedule, three: tuple[datetime, datetime, datetime]
) -> None:
    a, b, c = sorted(three)
    parts = business_seconds(schedule, a, b) + business_seconds(schedule, b, c)
    assert business_seconds(schedule, a, c) == parts


@settings(max_examples=40, deadline=None)
@given(SCHEDULES, INSTANTS, st.integers(1, 40_000))
def test_deadline_holds_exactly_the_open_seconds(
    schedule: Schedule, start: datetime, seconds: int
) -> None:
    expires = deadline(schedule, start, seconds)
    assert business_seconds(schedule, start, expires) == seconds
    assert business_seconds(schedule, start, expires - timedelta(seconds=1)) == seconds - 1
