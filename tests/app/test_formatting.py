"""Numbers as each language writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from app.components.formatting import Formatter
from app.i18n import texts
from app.period import Period

RU = Formatter(texts("ru"), "RUB", ZoneInfo("Europe/Moscow"))
EN = Formatter(texts("en"), "RUB", ZoneInfo("Europe/Moscow"))


@pytest.mark.parametrize(
    ("seconds", "russian", "english"),
    [
        (0, "0 с", "0 s"),
        (4.5, "4,5 с", "4.5 s"),
        (59, "59 с", "59 s"),
        (60, "1 мин", "1 min"),
        (410, "6 мин 50 с", "6 min 50 s"),
        (599.7, "10 мин", "10 min"),
        (3599, "1 ч", "1 h"),  # never 59 min 59 s, never 0 h 60 min
        (20760, "5 ч 46 мин", "5 h 46 min"),
        (86399, "24 ч", "24 h"),
        (147600, "1 д 17 ч", "1 d 17 h"),
        (-90, "−1 мин 30 с", "−1 min 30 s"),
        (None, "—", "—"),
    ],
)
def test_duration_has_two_largest_units(seconds: float | None, russian: str, english: str) -> None:
    assert RU.duration(seconds).replace("\u00a0", " ") == russian
    assert EN.duration(seconds).replace("\u00a0", " ") == english


def test_numbers_use_the_separators_of_the_language() -> None:
    assert RU.number(1234567.5, 1) == "1\u00a0234\u00a0567,5"
    assert EN.number(1234567.5, 1) == "1,234,567.5"
    assert RU.number(-0.4) == "0"
    assert EN.number(-3) == "\u22123"


def test_month_alone_is_in_the_nominative() -> None:
    assert RU.day(date(2026, 5, 3)) == "03.05.2026"
    assert RU.bucket(date(2026, 5, 3), "day") == "3 мая"
    assert RU.bucket(date(2026, 5, 1), "month") == "май 2026"
    assert EN.bucket(date(2026, 5, 1), "month") == "May 2026"


def test_shares_and_money() -> None:
    assert RU.share(0.9314) == "93,1\u00a0%"
    assert EN.share(0.9314) == "93.1%"
    assert RU.money(971400) == "971\u00a0400\u00a0₽"
    assert EN.money(-971400) == "\u2212₽971,400"
    assert Formatter(texts("en"), "AED").money(5) == "AED\u00a05"
    assert RU.value(None, "share") == "—"


@pytest.mark.parametrize(
    ("value", "previous", "unit", "text"),
    [
        (0.5, 0.45, "share", "+5.0\u00a0pp"),
        (0.45, 0.5, "share", "\u22125.0\u00a0pp"),
        (110, 100, "count", "+10%"),
        (99, 100, "seconds", "\u22121.0%"),
        (100, 100, "count", "0.0%"),
        (5, 0, "count", None),
        (5, -10, "money", None),
    ],
)
def test_change_against_previous(
    value: float, previous: float, unit: str, text: str | None
) -> None:
    assert EN.change(value, previous, unit) == text


def test_dates_in_the_company_zone() -> None:
    late = datetime(2026, 11, 21, 22, 30, 5, tzinfo=UTC)  # already the 22nd in Moscow
    assert RU.moment(late, seconds=True) == "22.11.2026, 01:30:05"
    assert EN.moment(late) == "22 Nov 2026, 01:30"
    assert RU.short_moment(late) == "22.11 01:30"
    period = Period(date(2026, 1, 2), date(2026, 1, 3))
    assert RU.period(period) == "02.01.2026 – 03.01.2026"
    assert EN.bucket(date(2026, 1, 5), "week") == "week of 5 Jan"
    assert EN.bucket(date(2026, 1, 5), "month") == "Jan 2026"


def test_unnamed_people_are_called_in_the_language() -> None:
    assert RU.person("Customer 1a2b3c") == "Клиент 1a2b3c"
    assert RU.person("Анна Петрова") == "Анна Петрова"
    assert EN.person(None) == "—"
