"""The models against a hand-written query over the same Parquet, a full build and an increment.

The hand-written floor sessionises, finds turns, conversations and a daily KPI table straight from
Parquet, and writes nothing but that. The models that give the same facts do more (courtesies, bots,
hand-offs, business time, keys); how many times longer they take is what is printed. The increment
comes after a load of one message in a hundred, as a day is: whole conversations in a few chats. Its
share of a full build is printed, also without what dbt takes on no rows at all, which no size
changes. Every run is a process of its own, so that peak memory is honest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

import duckdb

from pipelines.lib.dbt_manifest import DBT_EXECUTABLE
from pipelines.lib.empty_home import make
from pipelines.lib.increments import plan_build
from pipelines.settings import DBT_PROJECT_DIR, PROJECT_ROOT, Settings, load_settings
from tests.bench_inputs import append_line

P = ParamSpec("P")
T = TypeVar("T")
FLOOR: Final = "../shared/lab/floor_opt.py"
# Turns, conversations and first responses: what the floor computes.
FLOOR_FACTS: Final = ("+int_conversation_events", "+int_conversations", "+int_first_responses")
_THREAD_MESSAGES: Final = 40
_NOW: Final = "2026-06-01T00:00:00+00:00"

# A conversation more in one chat of twenty-five, each about ten messages: a hundredth of all.
_NEXT_DAY_SQL: Final = """
insert into raw_tabular.messages
select * replace (
    md5('next' || row_key) as row_key,
    'next' || message_id as message_id,
    sent_at + interval 300 day as sent_at,
    '2' as _dlt_load_id
)
from raw_tabular.messages
where message_seq % 1000 < 100 and hash(thread_id) % 25 = 0
"""

_MESSAGES_SQL: Final = """
copy (
    with
    conversations as (
        select
            thread_id,
            number,
            2 + hash(number, thread_id, 7) % 17 as size,
            epoch_ms(1735689600000 + cast(
                (hash(thread_id, number) % 864000) * 1000 + number * 2592000000 as bigint
            )) as started_at
        from range({threads}) as threads(thread_id), range(4) as numbers(number)
    ),
    messages as (
        select
            *,
            sum(case when place = 0 then 0 else 5 + hash(thread_id, number, place) % 1200 end)
                over (partition by thread_id, number order by place) as after_seconds,
            case
                when place = 0 or hash(place, thread_id, number, 9) % 10 < 5 then 'client'
                when hash(place, number, thread_id, 5) % 12 = 0 then 'bot'
                else 'agent'
            end as author_type
        from conversations, unnest(range(cast(size as bigint))) as places(place)
    )
    select
        thread_id * 1000 + number * 100 + place as message_id,
        'c' || (thread_id // 2) as contact_id,
        ['telegram', 'whatsapp', 'web', 'email'][1 + cast(hash(thread_id) % 4 as integer)]
            as channel,
        author_type,
        case when author_type = 'agent' then 'agent_' || hash(thread_id, number, 3) % 200 end
            as agent_id,
        started_at + to_seconds(cast(after_seconds as bigint)) as sent_at,
        'message text number ' || hash(thread_id, number, place, 1) % 100000 || ' lorem ipsum'
            as body
    from messages
) to '{path}' (format parquet, compression zstd)
"""

_RAW_COLUMNS: Final = {
    "row_key": "md5(cast(message_id as varchar))",
    "source_name": "'bench'",
    "channel_type": "channel",
    "channel_account_id": "'main'",
    "thread_id": "concat(contact_id, ':', channel)",
    "is_group": "false",
    "message_id": "cast(message_id as varchar)",
    "message_seq": "message_id",
    "event_type": "'message'",
    "sent_at": "timezone('UTC', sent_at)",
    "author_type": "case author_type when 'client' then 'customer' else author_type end",
    "author_source_id": "case author_type when 'client' then md5(contact_id) "
    "else coalesce(agent_id, 'bot') end",
    "is_public": "true",
    "is_template": "false",
    "content_type": "'text'",
    "text": "body",
    "text_length": "length(body)",
    "_dlt_load_id": "'1'",
    "_dlt_id": "'1'",
}


@dataclass(frozen=True)
class Measured:
    """One run: wall and processor seconds, and the peak memory of its process."""

    seconds: float
    peak_mib: float
    cpu_seconds: float


def run_measured(command: list[str], environment: dict[str, str], folder: Path) -> Measured:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed; the message is what it said last.
    """
    started = time.perf_counter()
    with (folder / "said.txt").open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            raise RuntimeError(said.read()[-2000:])
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Measured(time.perf_counter() - started, usage.ru_maxrss / 1024, cpu_seconds)


def measure_models(rows: int, folder: Path) -> None:
    """Print a line for the floor, for the models of the same facts, and for the whole build.

    Args:
        rows: messages, about.
        folder: where inputs and homes are written; everything in it may be removed afterwards.
    """
    parquet = folder / "messages"
    parquet.mkdir(parents=True)
    (folder / "scratch").mkdir()
    _apart(_write, parquet / "messages.parquet", max(1, rows // _THREAD_MESSAGES))
    settings = load_settings({**os.environ, "OTVET_HOME": str(folder / "home")})
    _apart(make, settings)
    nothing = _dbt(settings, folder)
    _tell("dbt on no rows", None, nothing, None)
    count = _apart(_load, settings, parquet)
    floor, threads = PROJECT_ROOT / FLOOR, str(settings.project.resources.threads)
    base = None
    if floor.exists():
        command = [sys.executable, str(floor.resolve()), str(parquet), threads]
        base = run_measured(command, dict(os.environ), folder)
        _tell("hand-written floor", count, base, None)
    selected = _dbt(settings, folder, "--select", *FLOOR_FACTS, full_refresh=True)
    _tell("models of the floor's facts", count, selected, base)
    full = _dbt(settings, folder, full_refresh=True)
    _tell("full build", count, full, base)
    _apart(_load_next_day, settings)
    increment = _dbt(settings, folder)
    _tell("increment after 1 % more", None, increment, None)
    for clock in ("seconds", "cpu_seconds"):
        whole, part, fixed = (getattr(run, clock) for run in (full, increment, nothing))
        append_line(
            sys.stdout,
            f"models: the increment takes {part / whole:.0%} of the full build in {clock},"
            f" {(part - fixed) / (whole - fixed):.0%} beside what dbt takes on no rows",
        )


def _apart(work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Do something in a process of its own: a measured process inherits the peak of this one."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *given, **named).result()


def _write(path: Path, threads_of_chats: int) -> None:
    with duckdb.connect() as connection:
        connection.execute(_MESSAGES_SQL.format(threads=threads_of_chats, path=path))


def _load_next_day(settings: Settings) -> None:
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'").execute(_NEXT_DAY_SQL)


def _load(settings: Settings, parquet: Path) -> int:
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        table = connection.table("raw_tabular.messages")
        columns = ", ".join(f"{_RAW_COLUMNS.get(name, 'null')} as {name}" for name in table.columns)
        connection.execute(
            f"insert into raw_tabular.messages select {columns} from '{parquet}/*.parquet'"
        )
        [row] = connection.execute("select count(*) from raw_tabular.messages").fetchall()
        return int(row[0])


def _dbt(settings: Settings, folder: Path, *more: str, full_refresh: bool = False) -> Measured:
    build = _apart(plan_build, settings, _NOW, full_refresh=full_refresh)
    command = [
        str(DBT_EXECUTABLE), "--quiet", "run", *build.arguments, *build.unchanged, *more,
        "--project-dir", str(DBT_PROJECT_DIR), "--target-path", str(settings.dbt_target),
    ]  # fmt: skip
    return run_measured(command, {**os.environ, **build.environment}, folder)


def _tell(name: str, rows: int | None, run: Measured, base: Measured | None) -> None:
    rate = f"{rows / run.seconds:>10,.0f} rows/s" if rows else ""
    times = f"{run.seconds / base.seconds:.1f} x the floor" if base else ""
    line = f"models: {name:<30}{run.seconds:>9.2f} s {rate:<20} peak {run.peak_mib:,.0f} MiB"
    append_line(sys.stdout, f"{line} {times}")
