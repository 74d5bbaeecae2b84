"""The business inputs that people edit: CSV files of the `config/` folder.

Every file is optional; a wrong value is an error that names file, row and field. The parsed inputs
go to the warehouse (`raw_otvet`), so that a build sees one state of them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.lib.business_calendar import (
    Holiday,
    WorkingHours,
)
from pipelines.settings import ConfigurationError

ROLES = frozenset({"agent", "bot", "customer", "auto_reply", "broadcast", "system"})

IDENTITY_RULE_NAMES = ("together", "apart", "shared")


@dataclass(frozen=True)
class RosterEntry:
    """One member of staff (or a bot) and how messages name them."""

    source_name: str
    match: str
    role: str = "agent"
    agent_name: str | None = None
    team: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    agent_id: str | None = None


@dataclass(frozen=True)
class ChannelEntry:
    """Name, team and inactivity gap of a channel (all accounts of a source when blank)."""

    source_name: str
    channel_account_id: str | None
    channel_name: str | None
    team: str | None
    gap_hours: float | None


@dataclass(frozen=True)
class ExchangeRate:
    """What one unit of a currency is in the company's, from a day until the next rate of it."""

    currency_code: str
    valid_from: date
    rate: Decimal


@dataclass(frozen=True)
class IdentityRule:
    """What people know: two parties are one person, one is nobody else, a point is shared."""

    rule: str
    first: str
    second: str | None = None


@dataclass(frozen=True)
class CompanyConfig:
    """All business inputs of one `config/` folder."""

    roster: tuple[RosterEntry, ...] = ()
    channels: tuple[ChannelEntry, ...] = ()
    hours: tuple[WorkingHours, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    courtesy_phrases: tuple[str, ...] = ()
    question_words: tuple[str, ...] = ()
    team_zones: dict[str, str] = field(default_factory=dict)
    exchange_rates: tuple[ExchangeRate, ...] = ()
    identity: tuple[IdentityRule, ...] = ()


def read_company_config(folder: Path, fallback: Path) -> CompanyConfig:
    """Read the inputs of `folder`; the two phrase lists fall back to the shipped ones.

    Raises:
        ConfigurationError: a file is malformed; names file, row and field.
    """
    return CompanyConfig(
        roster=tuple(read_roster(folder / "roster.csv")),
        channels=tuple(_read_channels(folder / "channels.csv")),
        hours=tuple(_read_hours(folder / "working_hours.csv")),
        holidays=tuple(_read_holidays(folder / "holidays.csv")),
        courtesy_phrases=tuple(_read_words(folder, fallback, "courtesy_phrases.csv", "phrase")),
        question_words=tuple(_read_words(folder, fallback, "question_words.csv", "word")),
        team_zones=dict(_read_zones(folder / "working_hours.csv")),
        exchange_rates=tuple(_read_rates(folder / "exchange_rates.csv")),
        identity=tuple(_read_identity(folder / "identity.csv")),
    )


@dataclass(frozen=True)
class _Row:
    """A line of a CSV file that knows where it stands."""

    path: Path
    number: int
    values: dict[str, str]

    def error(self, column: str, problem: str) -> ConfigurationError:
        return ConfigurationError(f"{self.path}, row {self.number}, {column}: {problem}")

    def optional(self, column: str) -> str | None:
        return (self.values.get(column) or "").strip() or None

    def text(self, column: str) -> str:
        value = self.optional(column)
        if value is None:
            raise self.error(column, "is empty")
        return value

    def day(self, column: str) -> date | None:
        value = self.optional(column)
        if value is None:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise self.error(column, f"'{value}' is not a date like 2026-01-31") from error

    def clock(self, column: str) -> timedelta | None:
        value = self.optional(column)
        if value is None:
            return None
        found = re.fullmatch(r"(\d{1,2}):(\d{2})", value)
        if found is None or int(found[2]) > 59 or int(found[1]) * 60 + int(found[2]) > 24 * 60:
            raise self.error(column, f"'{value}' is not a time like 09:00 (24:00 at most)")
        return timedelta(hours=int(found[1]), minutes=int(found[2]))


def _rows(path: Path) -> Iterator[_Row]:
    if not path.is_file():
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            for values in reader:
                if any(isinstance(value, str) and value.strip() for value in values.values()):
                    known = {k: v for k, v in values.items() if k is not None}
                    yield _Row(path, reader.line_num, known)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path}: not a readable CSV file in UTF-8: {error}") from error


def read_roster(path: Path) -> Iterator[RosterEntry]:
    """Yield the entries of a roster file (`source_name,match,role,agent_name,team,valid_…`)."""
    for row in _rows(path):
        role = row.optional("role") or "agent"
        if role not in ROLES:
            raise row.error("role", f"'{role}' is none of {', '.join(sorted(ROLES))}")
        yield RosterEntry(
            source_name=row.optional("source_name") or "*",
            match=row.text("match"),
            role=role,
            agent_name=row.optional("agent_name") or row.text("match"),
            team=row.optional("team"),
            valid_from=row.day("valid_from"),
            valid_to=row.day("valid_to"),
            agent_id=row.optional("agent_id"),
        )


def _read_channels(path: Path) -> Iterator[ChannelEntry]:
    for row in _rows(path):
        gap = row.optional("gap_hours")
        try:
            gap_hours = float(gap) if gap else None
        except ValueError as error:
            raise row.error("gap_hours", f"'{gap}' is not a number of hours") from error
        if gap_hours is not None and gap_hours <= 0:
            raise row.error("gap_hours", "must be more than 0")
        yield ChannelEntry(
            source_name=row.text("source_name"),
            channel_account_id=row.optional("channel_account_id"),
            channel_name=row.optional("channel_name"),
            team=row.optional("team"),
            gap_hours=gap_hours,
        )


def _read_hours(path: Path) -> Iterator[WorkingHours]:
    for row in _rows(path):
        weekday = row.text("weekday")
        if weekday not in "1234567" or len(weekday) != 1:
            raise row.error("weekday", f"'{weekday}' is not 1 (Monday) to 7 (Sunday)")
        opens, closes = row.clock("opens"), row.clock("closes")
        if opens is None or closes is None:
            raise row.error("opens" if opens is None else "closes", "is empty")
        if closes <= opens:
            raise row.error(
                "closes", "must be later than opens; write a night shift as two rows, up to 24:00"
            )
        yield WorkingHours(
            team=row.optional("team") or "default",
            valid_from=row.day("valid_from"),
            valid_to=row.day("valid_to"),
            weekday=int(weekday),
            opens=opens,
            closes=closes,
        )


def _read_zones(path: Path) -> Iterator[tuple[str, str]]:
    for row in _rows(path):
        zone = row.optional("time_zone")
        if zone is None:
            continue
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise row.error("time_zone", f"'{zone}' is not an IANA time zone") from error
        yield row.optional("team") or "default", zone


def _read_holidays(path: Path) -> Iterator[Holiday]:
    for row in _rows(path):
        day = row.day("date")
        if day is None:
            raise row.error("date", "is empty")
        opens, closes = row.clock("opens"), row.clock("closes")
        if (opens is None) != (closes is None):
            raise row.error("closes", "opens and closes go together; leave both empty for closed")
        yield Holiday(team=row.optional("team") or "*", day=day, opens=opens, closes=closes)


def _read_rates(path: Path) -> Iterator[ExchangeRate]:
    first_rows: dict[tuple[str, date], int] = {}
    for row in _rows(path):
        day, code, given = row.day("date"), row.text("currency_code"), row.text("rate")
        if day is None:
            raise row.error("date", "is empty")
        if re.fullmatch(r"[A-Z]{3}", code) is None:
            raise row.error("currency_code", f"'{code}' is not a code like EUR")
        try:
            rate = Decimal(given)
        except InvalidOperation as error:
            raise row.error("rate", f"'{given}' is not a number like 98.75") from error
        if not rate.is_finite() or not 0 < rate < 10**9:
            raise row.error("rate", f"'{given}' is not between 0 and 1 000 000 000")
        if rate != round(rate, 8):
            raise row.error("rate", f"'{given}' has more than 8 decimals")
        first = first_rows.setdefault((code, day), row.number)
        if first != row.number:
            raise row.error("date", f"{code} has a rate of that day in row {first} already")
        yield ExchangeRate(code, day, rate)


def _read_identity(path: Path) -> Iterator[IdentityRule]:
    for row in _rows(path):
        rule, second = row.text("rule"), row.optional("second")
        if rule not in IDENTITY_RULE_NAMES:
            raise row.error("rule", f"'{rule}' is none of {', '.join(IDENTITY_RULE_NAMES)}")
        if rule == "together" and second is None:
            raise row.error("second", "is empty; `together` names two parties")
        if rule != "together" and second is not None:
            raise row.error("second", f"`{rule}` names one thing only; leave it empty")
        yield IdentityRule(rule, row.text("first"), second)


def _read_words(folder: Path, fallback: Path, name: str, column: str) -> Iterator[str]:
    path = folder / name if (folder / name).is_file() else fallback / name
    for row in _rows(path):
        yield row.text(column)
