"""Loaders of the golden cases: events, expectations, schedules.

Everything is read from the CSV files beside this module; nothing is computed here, so that the
expectations stay what a person wrote down.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.oracle.business_time import Holiday, Opening, Schedule
from tests.oracle.engine import Event, Rules

FOLDER = Path(__file__).parent
AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
MODES = {"golden_gap": "gap", "golden_thread": "thread"}


@dataclass(frozen=True)
class BusinessTimeCase:
    """Open seconds between two instants, counted by hand."""

    case: str
    schedule: str
    start: datetime
    end: datetime
    expected_seconds: int


@dataclass(frozen=True)
class DeadlineCase:
    """The instant at which so many open seconds have passed."""

    case: str
    schedule: str
    start: datetime
    seconds: int
    expected_at: datetime


def rules(schedule: Schedule | None = None) -> Rules:
    """Return the parameters all golden cases share."""
    return Rules(
        as_of=AS_OF,
        gap=timedelta(hours=24),
        cap=timedelta(days=7),
        session_gap=timedelta(minutes=30),
        mode=MODES,
        target_seconds=600,
        schedule=schedule,
    )


def load_events(case: str | None = None) -> list[Event]:
    """Read the events of all cases, or of one, in the order of the file."""
    return [_event(row) for row in read_rows("messages.csv") if case in (None, row["case"])]


def load_case_ids() -> list[str]:
    """List the case numbers in order."""
    return sorted({row["case"] for row in read_rows("messages.csv")})


def load_expected_conversations() -> list[dict[str, str]]:
    """Read the expected conversations as text; empty means null."""
    return read_rows("expected_conversations.csv")


def load_expected_replies() -> list[dict[str, str]]:
    """Read the expected waits for a human as text; empty means null."""
    return read_rows("expected_replies.csv")


def load_expected_outbound_attempts() -> list[dict[str, str]]:
    """Read the expected unanswered attempts as text."""
    return read_rows("expected_outbound_attempts.csv")


def load_expected_sessions() -> list[dict[str, str]]:
    """Read the expected sessions; only of the cases that are about sessions."""
    return read_rows("expected_sessions.csv")


def load_expected_effort() -> list[dict[str, str]]:
    """Read the expected effort per agent's message; only of the cases that are about effort."""
    return read_rows("expected_effort.csv")


def load_case_schedules() -> dict[str, str]:
    """Map the cases that have working hours to their schedule; the others have none."""
    return {row["case"]: row["schedule"] for row in read_rows("case_schedules.csv")}


def load_schedules() -> dict[str, Schedule]:
    """Read all schedules with their versions and holidays, by name."""
    holidays = read_rows("holidays.csv")
    openings: dict[str, list[Opening]] = {}
    zones: dict[str, str] = {}
    for row in read_rows("schedules.csv"):
        zones[row["schedule"]] = row["zone"]
        openings.setdefault(row["schedule"], []).append(
            Opening(
                weekday=int(row["weekday"]),
                opens=row["opens"],
                closes=row["closes"],
                valid_from=_date(row["valid_from"]),
                valid_to=_date(row["valid_to"]),
            )
        )
    return {
        name: Schedule(
            zone=zones[name],
            openings=tuple(openings[name]),
            holidays=tuple(
                Holiday(
                    date.fromisoformat(row["date"]), row["opens"] or None, row["closes"] or None
                )
                for row in holidays
                if row["schedule"] == name
            ),
        )
        for name in zones
    }


def load_business_time() -> list[BusinessTimeCase]:
    """Read the hand-counted working times."""
    return [
        BusinessTimeCase(
            case=row["case"],
            schedule=row["schedule"],
            start=instant(row["from"]),
            end=instant(row["to"]),
            expected_seconds=int(row["expected_seconds"]),
        )
        for row in read_rows("business_time.csv")
    ]


def load_deadlines() -> list[DeadlineCase]:
    """Read the hand-counted deadlines."""
    return [
        DeadlineCase(
            case=row["case"],
            schedule=row["schedule"],
            start=instant(row["from"]),
            seconds=int(row["seconds"]),
            expected_at=instant(row["expected_at"]),
        )
        for row in read_rows("deadlines.csv")
    ]


def read_rows(name: str) -> list[dict[str, str]]:
    """Read one CSV file of this folder."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def instant(text: str) -> datetime:
    """Parse an ISO instant in UTC.

    Raises:
        ValueError: if the text names no zone.
    """
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError(f"{text} names no zone")
    return parsed.astimezone(UTC)


def _event(row: dict[str, str]) -> Event:
    return Event(
        source_slug=f"golden_{row['mode']}",
        thread_id=row["thread_id"],
        message_id=row["message_id"],
        message_seq=int(row["message_seq"]),
        event_type=row["event_type"],
        sent_at=instant(row["sent_at"]),
        author_type=row["author_type"],
        author_id=row["author_id"] or None,
        is_public=row["is_public"] == "true",
        is_template=row["is_template"] == "true",
        content_type=row["content_type"],
        text=row["text"] or None,
        source_conversation_id=row["source_conversation_id"] or None,
        is_group=row["is_group"] == "true",
    )


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
