"""Where in a table or a chart a figure stands: the cell whose rows are to be seen.

A place is written into the address as `name:value` (`!name` where the value is missing), so that
the rows of any cell can be shared. Only known dimensions are read back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.metrics import Question
from app.period import Period
from app.state import quoted

NUMBERS: Final = (
    "waiting_since_local_hour",
    "waiting_since_iso_weekday",
    "first_response_bucket",
    "first_response_bucket_business",
)
NAMES: Final = (
    "source", "channel_type", "channel", "team", "agent", "lead_source", "topic", "funnel_stage",
    "deal_pipeline", "deal_stage",
)  # fmt: skip
_FROM, _TO = "from", "to"


@dataclass(frozen=True)
class Place:
    """Values of dimensions (None: the rows without one) and a part of the period."""

    values: tuple[tuple[str, Any], ...] = ()
    period: Period | None = None

    def items(self) -> list[str]:
        """Return the place as it stands in the address."""
        written = [
            f"!{name}" if value is None else f"{name}:{value}" for name, value in self.values
        ]
        if self.period is not None:
            written += [f"{_FROM}:{self.period.start}", f"{_TO}:{self.period.end}"]
        return written

    def narrow(self, question: Question) -> Question:
        """Return the question about this place only."""
        conditions = tuple((name, _condition(name, value)) for name, value in self.values)
        return Question(self.period or question.period, (*question.filters, *conditions))


def parse_place(items: Iterable[str]) -> Place:
    """Read a place from the address; what is no known dimension is left out."""
    values: list[tuple[str, Any]] = []
    days: dict[str, date] = {}
    for item in items:
        name, _, value = item.partition(":")
        try:
            if name in (_FROM, _TO):
                days[name] = date.fromisoformat(value)
            elif name in NUMBERS:
                values.append((name, int(value)))
            elif name in NAMES:
                values.append((name, value))
            elif name.startswith("!") and name[1:] in NAMES:
                values.append((name[1:], None))
        except ValueError:
            continue
    is_period = len(days) == 2 and days[_FROM] <= days[_TO]
    return Place(tuple(values), Period(days[_FROM], days[_TO]) if is_period else None)


def _condition(name: str, value: Any) -> str:
    if value is None:
        return f"{name} is null"
    return f"{name} = {value if name in NUMBERS else quoted(str(value))}"
