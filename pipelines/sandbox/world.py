"""The generator: a seed, a size and a last day make one company, always the same.

A world is made in parts: a part is a block of customers with a child seed of its own, so the memory
that is needed does not grow with the size.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from pipelines.sandbox import model
from pipelines.sandbox.business import CURRENCIES, business_tables
from pipelines.sandbox.calendar import (
    OpeningHours,
    Shifts,
    WallClock,
    draw_sick_days,
    local_instant,
    seconds,
)
from pipelines.sandbox.causes import Causes
from pipelines.sandbox.company import (
    BERLIN_ZONE_NAME,
    ZONE_NAME,
    make_agents,
    make_holidays,
    make_hours,
)
from pipelines.sandbox.model import World
from pipelines.sandbox.part import Frame, make_part
from pipelines.sandbox.people import PAID_SOURCES
from pipelines.sandbox.pools import all_pools
from pipelines.sandbox.rhythm import Rhythm
from pipelines.sandbox.tables import (
    conversations_table,
    customers_table,
    identities_table,
    messages_table,
    threads_table,
)

DEFAULT_MESSAGES: Final = 200_000
DEFAULT_MONTHS: Final = 18
PART_MESSAGES: Final = 250_000


def generate_world(
    seed: int = 1,
    messages: int = DEFAULT_MESSAGES,
    until: date | None = None,
    *,
    months: int = DEFAULT_MONTHS,
    now: datetime | None = None,
    causes: Causes | None = None,
) -> World:
    """Make the whole company at once; see `generate_parts`."""
    world: World | None = None
    pieces: dict[str, list[pa.Table]] = {}
    for part in generate_parts(seed, messages, until, months=months, now=now, causes=causes):
        world = world or part
        for name, table in part.tables.items():
            pieces.setdefault(name, []).append(table)
    assert world is not None
    world.tables = {name: pa.concat_tables(tables) for name, tables in pieces.items()}
    return world


def generate_parts(
    seed: int = 1,
    messages: int = DEFAULT_MESSAGES,
    until: date | None = None,
    *,
    months: int = DEFAULT_MONTHS,
    now: datetime | None = None,
    causes: Causes | None = None,
) -> Iterator[World]:
    """Yield the company block by block of customers; only the first one holds `spend`.

    Args:
        seed: another seed is another company with the same staff.
        messages: about how many messages there are (at least a few hundred).
        until: last local day (Europe/Moscow); default: today.
        months: length of the history.
        now: nothing is later than this; default: the present moment or the end of `until`,
            whichever comes first. What is drawn does not depend on it, only what is cut off.
        causes: other causal parameters than the default ones.
    """
    zone = ZoneInfo(ZONE_NAME)
    present = datetime.now(UTC).replace(microsecond=0)
    last = until or present.astimezone(zone).date()
    end = local_instant(last, time(23, 59, 59), zone)
    moment = min(end, seconds(now or present))
    first_day = _months_before(last, months)
    frame, world = _frame(seed, first_day, last, moment, causes or Causes())
    world.size = messages
    count = max(1, round(messages / PART_MESSAGES))
    root = np.random.SeedSequence([seed, messages, last.toordinal(), months])
    names = [agent.name.split()[0] for agent in world.agents]
    for number, child in enumerate(root.spawn(count)):
        share = messages * (number + 1) // count - messages * number // count
        part = make_part(frame, number, share, child)
        said = messages_table(part, frame.pools, names, moment)
        tables = {
            "customers": customers_table(part),
            "identities": identities_table(part, said["identity_id"]),
            "threads": threads_table(part),
            "messages": said,
            "conversations": conversations_table(part, moment),
            **business_tables(part, frame.shifts, frame.begin, moment),
            "spend": _spend(world, seed) if number == 0 else model.SPEND.empty_table(),
        }
        yield World(
            world.seed, messages, first_day, last, world.now, world.causes, world.agents,
            world.hours, world.holidays, tables,
        )  # fmt: skip


def _frame(
    seed: int, first_day: date, until: date, now: int, causes: Causes
) -> tuple[Frame, World]:
    agents = make_agents(first_day, until)
    hours = make_hours(first_day, until)
    holidays = make_holidays(first_day, until)
    rng = np.random.default_rng([seed, until.toordinal(), 7])
    sick = draw_sick_days(agents, first_day, until, rng)
    frame = Frame(
        first_day=first_day,
        until=until,
        begin=local_instant(first_day, time(0), ZoneInfo(ZONE_NAME)),
        end=local_instant(until, time(23, 59, 59), ZoneInfo(ZONE_NAME)),
        now=now,
        causes=causes,
        shifts=Shifts(agents, OpeningHours(hours, holidays), sick, first_day, until),
        rhythm=Rhythm(first_day, until, holidays),
        clocks=(
            WallClock(ZONE_NAME, first_day, until),
            WallClock(BERLIN_ZONE_NAME, first_day, until),
        ),
        pools=all_pools(),
    )
    at = datetime.fromtimestamp(now, UTC)
    return frame, World(seed, 0, first_day, until, at, causes, agents, hours, holidays)


def _months_before(day: date, months: int) -> date:
    """The day after the same day of the month so many months ago."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    start = date(year, month + 1, min(day.day, 28))
    return start + timedelta(days=1)


def _spend(world: World, seed: int) -> pa.Table:
    """Advertising of each paid source on every day; more on weekdays."""
    rng = np.random.default_rng([seed, world.until.toordinal(), 11])
    rows = []
    for offset in range((world.until - world.first_day).days + 1):
        day = world.first_day + timedelta(days=offset)
        for number, (source, campaign) in enumerate(PAID_SOURCES.items()):
            clicks = max(1, int(rng.normal(34 - 7 * number - 6 * (day.weekday() > 4), 7)))
            in_berlin = source == "google_ads"
            price = int(rng.integers(2_800, 5_200)) // (60 if in_berlin else 1)
            rows.append(
                {
                    "spend_id": f"{day:%Y%m%d}-{source}",
                    "spent_on": day,
                    "lead_source": source,
                    "campaign": campaign,
                    "amount": clicks * price,
                    "currency_code": CURRENCIES[in_berlin],
                    "impressions": clicks * int(rng.integers(25, 60)),
                    "clicks": clicks,
                }
            )
    for row in rows:
        row["amount"] = model.hundredths(int(row["amount"]))  # type: ignore[call-overload]
    return pa.Table.from_pylist(rows, schema=model.SPEND)
