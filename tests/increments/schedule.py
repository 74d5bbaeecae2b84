"""Working hours of the random company."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from pipelines.lib.business_calendar import Holiday, WorkingHours

LAST_DAY: Final = date(2027, 12, 31)
HOURS: Final = tuple(
    WorkingHours(team, None, None, weekday, timedelta(hours=9), timedelta(hours=18))
    for team in ("default", "sales")
    for weekday in range(1, 6 if team == "default" else 8)
)
HOLIDAYS: Final = (Holiday("*", date(2026, 2, 23), None, None),)
