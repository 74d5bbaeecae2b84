"""What presets mean and how a period is cut."""

from __future__ import annotations

from datetime import date

import pytest

from app.period import Period, Preset, buckets, last_day, resolve

KNOWN = Period(date(2024, 1, 10), date(2024, 3, 5))


@pytest.mark.parametrize(
    ("preset", "start", "end"),
    [
        ("7d", date(2024, 2, 28), date(2024, 3, 5)),  # over a leap day
        ("30d", date(2024, 2, 5), date(2024, 3, 5)),
        ("365d", date(2023, 3, 7), date(2024, 3, 5)),
        ("month", date(2024, 3, 1), date(2024, 3, 5)),
        ("previous_month", date(2024, 2, 1), date(2024, 2, 29)),
        ("all", date(2024, 1, 10), date(2024, 3, 5)),
    ],
)
def test_preset_ends_at_last_day_with_data(preset: Preset, start: date, end: date) -> None:
    assert resolve(preset, KNOWN) == Period(start, end)


def test_custom_period_swapped_days_are_put_in_order() -> None:
    chosen = (date(2024, 2, 9), date(2024, 2, 1))
    assert resolve("custom", KNOWN, chosen) == Period(date(2024, 2, 1), date(2024, 2, 9))


def test_custom_period_without_days_is_everything() -> None:
    assert resolve("custom", KNOWN) == KNOWN


def test_previous_has_equal_length_and_touches() -> None:
    period = Period(date(2024, 3, 1), date(2024, 3, 5))
    assert period.previous() == Period(date(2024, 2, 25), date(2024, 2, 29))
    assert period.previous().days == period.days == 5


def test_buckets_cover_the_period_from_the_first_touched_week() -> None:
    period = Period(date(2024, 2, 1), date(2024, 2, 12))  # Thursday to Monday
    assert list(buckets(period, "week")) == [
        date(2024, 1, 29), date(2024, 2, 5), date(2024, 2, 12),
    ]  # fmt: skip
    assert list(buckets(Period(date(2023, 12, 31), date(2024, 2, 1)), "month")) == [
        date(2023, 12, 1), date(2024, 1, 1), date(2024, 2, 1),
    ]  # fmt: skip
    assert last_day(date(2024, 2, 1), "month") == date(2024, 2, 29)
    assert last_day(date(2024, 1, 29), "week") == date(2024, 2, 4)


@pytest.mark.parametrize(
    ("days", "grain"), [(45, "day"), (46, "week"), (210, "week"), (211, "month")]
)
def test_natural_grain_by_length(days: int, grain: str) -> None:
    end = date(2024, 12, 31)
    assert Period(date.fromordinal(end.toordinal() - days + 1), end).natural_grain() == grain
