"""When data is late: the rules behind the health strip."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from app.data import Row

SourceState = Literal["fresh", "silent", "late"]

# A daily run plus two hours for the run itself.
LOAD_LIMIT: Final = timedelta(hours=26)
# A weekend without a message is ordinary; the load itself was on time.
SILENCE_LIMIT: Final = timedelta(hours=72)


def source_state(row: Row, now: datetime) -> SourceState:
    """Return whether a source was loaded in time and had recent messages when it was.

    Args:
        row: a row of `meta_freshness`.
        now: an aware instant.
    """
    loaded: datetime | None = row["last_loaded_at"]
    last: datetime | None = row["last_message_at"]
    if loaded is not None and now - loaded > LOAD_LIMIT:
        return "late"
    if last is None or (loaded or now) - last > SILENCE_LIMIT:
        return "silent"
    return "fresh"


def is_crm_late(row: Row, now: datetime) -> bool:
    """Return whether a CRM was not read in time; tables of deals never are: nobody reads them.

    Args:
        row: a row of `meta_deal_freshness`.
        now: an aware instant.
    """
    read: datetime | None = row["last_read_at"]
    return read is not None and now - read > LOAD_LIMIT


@dataclass(frozen=True)
class CheckCounts:
    """Outcomes of the checks of a publication."""

    passed: int
    warned: int
    failed: int

    @property
    def total(self) -> int:
        """All checks."""
        return self.passed + self.warned + self.failed


def count_checks(rows: list[Row]) -> CheckCounts:
    """Count outcomes; the placeholder of a build without checks is a warning."""
    by_status = [row["status"] for row in rows]
    return CheckCounts(by_status.count("pass"), by_status.count("warn"), by_status.count("fail"))
