"""Numbers, durations, money and dates as each language writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Final

from app.i18n import Texts
from app.period import Grain, Period

Number = int | float | Decimal
NONE: Final = "—"
_NBSP: Final = "\u00a0"
_MINUS: Final = "\u2212"
_CURRENCY_SIGNS: Final = {"RUB": "₽", "USD": "$", "EUR": "€", "KZT": "₸", "GBP": "£"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass(frozen=True)
class Formatter:
    """Writes values for one language, currency and time zone; a missing value is a dash."""

    texts: Texts
    currency: str = "RUB"
    zone: tzinfo = UTC

    def value(self, value: Number | None, unit: str) -> str:
        """Write a metric's value by its unit: `count`, `seconds`, `share` or `money`."""
        if value is None:
            return NONE
        if unit == "seconds":
            return self.duration(value)
        if unit == "share":
            return self.share(value)
        return self.money(value) if unit == "money" else self.number(value)

    def number(self, value: Number | None, digits: int = 0) -> str:
        """Write a number with the language's separators."""
        if value is None:
            return NONE
        text = f"{abs(value):,.{digits}f}"
        if self.texts.language == "ru":
            text = text.replace(",", _NBSP).replace(".", ",")
        return (_MINUS if value < 0 and text.strip("0.,") else "") + text

    def share(self, value: Number | None, digits: int = 1) -> str:
        """Write a share 0-1 as per cent."""
        if value is None:
            return NONE
        text = self.number(float(value) * 100, digits)
        return f"{text}{_NBSP}%" if self.texts.language == "ru" else f"{text}%"

    def money(self, value: Number | None) -> str:
        """Write an amount of the company's currency, without cents."""
        if value is None:
            return NONE
        sign = _CURRENCY_SIGNS.get(self.currency, self.currency)
        text = self.number(value)
        if self.texts.language == "ru":
            return f"{text}{_NBSP}{sign}"
        gap = "" if len(sign) == 1 else _NBSP
        return f"{_MINUS}{sign}{gap}{text[1:]}" if text[0] == _MINUS else f"{sign}{gap}{text}"

    def duration(self, seconds: Number | None) -> str:
        """Write a duration with its two largest units."""
        if seconds is None:
            return NONE
        rest = abs(float(seconds))
        sign = _MINUS if seconds < 0 else ""
        if rest < _MINUTE:
            digits = 1 if rest != int(rest) and rest < 10 else 0
            return f"{sign}{self.number(rest, digits)}{_NBSP}{self.texts('unit.second')}"
        # Rounded first, so that 59 min 40 s becomes 1 h and never "0 h 60 min".
        if rest < 10 * _MINUTE:
            whole, parts = round(rest), ((_MINUTE, "unit.minute"), (1, "unit.second"))
        elif rest < _DAY:
            whole = round(rest / _MINUTE) * _MINUTE
            parts = ((_HOUR, "unit.hour"), (_MINUTE, "unit.minute"))
        else:
            whole = round(rest / _HOUR) * _HOUR
            parts = ((_DAY, "unit.day"), (_HOUR, "unit.hour"))
        written = []
        for size, name in parts:
            count, whole = divmod(whole, size)
            if count:
                written.append(f"{self.number(count)}{_NBSP}{self.texts(name)}")
        return sign + " ".join(written)

    def change(self, value: Number, previous: Number, unit: str) -> str | None:
        """Write the change against the previous period: points for shares, else per cent.

        None where a relative change has no meaning (the previous value is zero or below).
        """
        if unit == "share":
            points = (float(value) - float(previous)) * 100
            return f"{self._signed(points)}{_NBSP}{self.texts('unit.points')}"
        if previous <= 0:
            return None
        percent = (float(value) / float(previous) - 1) * 100
        gap = _NBSP if self.texts.language == "ru" else ""
        return f"{self._signed(percent, 0 if abs(percent) >= 10 else 1)}{gap}%"

    def day(self, day: date | None) -> str:
        """Write a date."""
        if day is None:
            return NONE
        if self.texts.language == "ru":
            return f"{day:%d.%m.%Y}"
        return f"{day.day} {self.month(day)} {day.year}"

    def short_day(self, day: date) -> str:
        """Write a date without its year."""
        return f"{day.day} {self.month(day)}"

    def month(self, day: date) -> str:
        """Write the short name of a date's month."""
        return self.texts(f"month.{day.month}")

    def period(self, period: Period) -> str:
        """Write both ends of a period."""
        if period.start == period.end:
            return self.day(period.start)
        return f"{self.day(period.start)} \u2013 {self.day(period.end)}"

    def bucket(self, first: date, grain: Grain) -> str:
        """Write a point of a trend."""
        if grain == "month":
            # Standing alone, without a day, May has a form of its own in Russian.
            name = self.texts("month.5_alone") if first.month == 5 else self.month(first)
            return f"{name} {first.year}"
        name = self.short_day(first)
        return self.texts("period.week_of", day=name) if grain == "week" else name

    def moment(self, moment: datetime | None, *, seconds: bool = False) -> str:
        """Write an instant in the company's time zone."""
        if moment is None:
            return NONE
        local = moment.astimezone(self.zone)
        return (
            f"{self.day(local.date())}, {local:%H:%M:%S}"
            if seconds
            else (f"{self.day(local.date())}, {local:%H:%M}")
        )

    def short_moment(self, moment: datetime | None) -> str:
        """Write an instant without its year."""
        if moment is None:
            return NONE
        local = moment.astimezone(self.zone)
        day = f"{local:%d.%m}" if self.texts.language == "ru" else self.short_day(local.date())
        return f"{day} {local:%H:%M}"

    def person(self, label: str | None) -> str:
        """Write the label of a person; the marts name unnamed ones in English."""
        if label is None:
            return NONE
        kind, _, rest = label.partition(" ")
        known = {"Customer": "author.customer", "Agent": "author.agent"}
        return f"{self.texts(known[kind])} {rest}" if kind in known else label

    def clock(self, moment: datetime, *, seconds: bool = False) -> str:
        """Write the time of day of an instant in the company's time zone."""
        local = moment.astimezone(self.zone)
        return f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"

    def _signed(self, value: float, digits: int = 1) -> str:
        text = self.number(abs(value), digits)
        if not text.strip("0.,"):
            return text
        return f"{_MINUS if value < 0 else '+'}{text}"
