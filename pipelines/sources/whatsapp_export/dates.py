"""Which number of a date is the day: decided once per file, by evidence, or not at all.

The rules and their order are those of the format's description:

1. a number above 12 cannot be a month;
2. else the order in which the dates of the file never go back;
3. else the way the phone writes dates: dots are day first; unpadded numbers, a short year and
   capital AM/PM are the United States; zero-padded numbers or small am/pm are day first;
4. else nobody can know, and the configuration must say it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, Literal

from pipelines.sources._common.exports import SourceFileError
from pipelines.sources.whatsapp_export import settings
from pipelines.sources.whatsapp_export.headers import Layout, date_numbers

DateOrder = Literal["dmy", "mdy", "ymd"]

_SPOKEN: Final[dict[DateOrder, str]] = {
    "dmy": "day, month, year",
    "mdy": "month, day, year",
    "ymd": "year, month, day",
}
_EXCESS: Final = 10  # steps back under one order against the other that still decide rule 2


@dataclass(frozen=True, slots=True)
class DateDecision:
    """The order of a file's dates and what it rests on."""

    order: DateOrder
    rule: Literal["year first", "configured", "1", "2", "3", "same"]
    evidence: str

    @property
    def note(self) -> str:
        """One sentence for the user."""
        return f"Dates are read as {_SPOKEN[self.order]}: {self.evidence}."


def real_date(numbers: tuple[int, int, int], order: DateOrder) -> date | None:
    """The date of three numbers in an order, or None where the calendar has none.

    Years of two digits are of this century. Years before WhatsApp or after the next one are no
    dates: they come from another calendar or another order.
    """
    if order == "dmy":
        day, month, year = numbers
    elif order == "mdy":
        month, day, year = numbers
    else:
        year, month, day = numbers
    if year < 100:
        year += 2000
    if not settings.FIRST_YEAR <= year <= datetime.now(UTC).year + 1:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


@dataclass
class DateEvidence:
    """What the dates of a file say, collected in file order; one `add` per change of the date."""

    layout: Layout
    dates: int = 0
    first_over: tuple[int, int] = (0, 0)  # the first number is 13–31: how often, first line
    second_over: tuple[int, int] = (0, 0)
    differing: int = 0
    padded: bool = False
    unpadded: bool = False
    upper_meridiem: bool = False
    lower_meridiem: bool = False
    real: dict[DateOrder, int] = field(default_factory=dict)
    unreal_line: dict[DateOrder, int] = field(default_factory=dict)
    steps_back: dict[DateOrder, int] = field(default_factory=dict)
    _previous: dict[DateOrder, int] = field(default_factory=dict)

    @property
    def orders(self) -> tuple[DateOrder, ...]:
        """Orders that the layout allows."""
        if self.layout.year == "first":
            return ("ymd",)
        return ("dmy", "mdy") if self.layout.year == "last" else ("dmy", "mdy", "ymd")

    def add(self, text: str, line_number: int) -> dict[DateOrder, int]:
        """Take one date as written; returns its day number under every order that has one."""
        numbers = date_numbers(text)
        first, second, _ = numbers
        self.dates += 1
        if 12 < first <= 31 and second <= 12:
            self.first_over = (self.first_over[0] + 1, self.first_over[1] or line_number)
        elif 12 < second <= 31 and first <= 12:
            self.second_over = (self.second_over[0] + 1, self.second_over[1] or line_number)
        self.differing += first != second
        self._note_padding(text)
        days: dict[DateOrder, int] = {}
        for order in self.orders:
            found = real_date(numbers, order)
            if found is None:
                self.unreal_line.setdefault(order, line_number)
                continue
            days[order] = found.toordinal()
            self.real[order] = self.real.get(order, 0) + 1
            if days[order] < self._previous.get(order, 0):
                self.steps_back[order] = self.steps_back.get(order, 0) + 1
            self._previous[order] = days[order]
        return days

    def add_meridiem(self, text: str) -> None:
        """Take the half of the day as written."""
        self.upper_meridiem |= text.isupper()
        self.lower_meridiem |= text.islower()

    def _note_padding(self, text: str) -> None:
        parts = text.replace(self.layout.date_separator, " ").split()
        day_and_month = parts[1:3] if self.layout.year == "first" else parts[:2]
        for part in day_and_month:
            digits = "".join(character for character in part if character.isdigit())
            if digits and int(digits) < 10:
                self.padded |= len(digits) == 2
                self.unpadded |= len(digits) == 1


def decide(evidence: DateEvidence, given: DateOrder | None, path: Path) -> DateDecision:
    """Decide the order of a file's dates.

    Raises:
        SourceFileError: another calendar, dates that contradict the configuration or each other,
            or no evidence and no configuration.
    """
    # A short year in front is read on demand only: «05/3/11» may as well be Persian.
    candidates = [
        order
        for order in evidence.orders
        if order != "ymd" or evidence.layout.year == "first" or given == "ymd"
    ]
    if not any(_mostly_real(evidence, order) for order in candidates):
        raise SourceFileError(
            path,
            "its dates are no dates of the Gregorian calendar since 2009 "
            f"(first seen in line {min(evidence.unreal_line.values())})",
            "Buddhist, Persian and Japanese years are not read: set the phone's calendar to "
            "Gregorian and export the chat again, or set date_order if the year comes first.",
        )
    if evidence.layout.year == "first":
        return DateDecision("ymd", "year first", "the year is written first")
    if given is not None:
        return _configured(evidence, given, path)
    return (
        _by_impossible_month(evidence, path)
        or _by_sameness(evidence)
        or _by_sequence(evidence)
        or _by_style(evidence)
        or _ambiguous(evidence, path)
    )


def _mostly_real(evidence: DateEvidence, order: DateOrder) -> bool:
    return evidence.real.get(order, 0) * 2 >= evidence.dates


def _configured(evidence: DateEvidence, given: DateOrder, path: Path) -> DateDecision:
    if given in evidence.orders and _mostly_real(evidence, given):
        contrary = evidence.first_over if given == "mdy" else evidence.second_over
        support = evidence.second_over if given == "mdy" else evidence.first_over
        if given == "ymd" or contrary[0] * settings.CLEAR_MAJORITY <= support[0]:
            return DateDecision(given, "configured", f"date_order = {given} is configured")
        line = contrary[1]
    else:
        line = evidence.unreal_line.get(given, 1)
    raise SourceFileError(
        path,
        f"date_order = {given} contradicts the file: line {line} has no such date",
        "Change or remove date_order of this source; files of phones with other regions need a "
        "source of their own.",
    )


def _by_impossible_month(evidence: DateEvidence, path: Path) -> DateDecision | None:
    (first, first_line), (second, second_line) = evidence.first_over, evidence.second_over
    if first and first >= second * settings.CLEAR_MAJORITY:
        return DateDecision(
            "dmy", "1", f"the first number is above 12 in {first} dates (line {first_line} first)"
        )
    if second and second >= first * settings.CLEAR_MAJORITY:
        return DateDecision(
            "mdy",
            "1",
            f"the second number is above 12 in {second} dates (line {second_line} first)",
        )
    if first and second:
        raise SourceFileError(
            path,
            f"day and month change places: line {first_line} has the day first, "
            f"line {second_line} the month",
            "It seems to hold exports of several phones: split it into one file per export.",
        )
    return None


def _by_sameness(evidence: DateEvidence) -> DateDecision | None:
    if evidence.differing:
        return None
    return DateDecision("dmy", "same", "day and month are equal in every date of the file")


def _by_sequence(evidence: DateEvidence) -> DateDecision | None:
    day_first = evidence.steps_back.get("dmy", 0)
    month_first = evidence.steps_back.get("mdy", 0)
    order: DateOrder = "dmy" if day_first < month_first else "mdy"
    fewer, more = sorted((day_first, month_first))
    if fewer == more or (fewer and more < fewer * _EXCESS):
        return None
    return DateDecision(
        order, "2", f"read so the dates go back {fewer} times, the other way {more} times"
    )


def _by_style(evidence: DateEvidence) -> DateDecision | None:
    if evidence.layout.date_separator == ".":
        return DateDecision("dmy", "3", "dates are written with dots")
    if (
        evidence.unpadded
        and not evidence.padded
        and evidence.upper_meridiem
        and evidence.layout.year == "short"
    ):
        return DateDecision(
            "mdy", "3", "unpadded numbers, a short year and capital AM/PM are written in the US"
        )
    if evidence.padded and not evidence.unpadded:
        return DateDecision("dmy", "3", "day and month are padded with zeros")
    if evidence.lower_meridiem and not evidence.upper_meridiem:
        return DateDecision("dmy", "3", "am/pm is written small")
    return None


def _ambiguous(evidence: DateEvidence, path: Path) -> DateDecision:
    raise SourceFileError(
        path,
        f"nothing in its {evidence.dates} dates tells the day from the month",
        'Set date_order = "dmy" (day first) or "mdy" (month first) for this source.',
    )
