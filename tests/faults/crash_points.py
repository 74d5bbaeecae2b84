"""Loads that end at the n-th thing that the loader does to its files, and what the next load gives.

Run as a script in a process of its own: each load is a fork of it, so nothing is imported twice.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from pipelines.lib.loading import load_tables
from pipelines.settings import Settings, load_settings

_TOUCHING: Final = frozenset(
    {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree"}
)
_KILLED: Final = 9


def load_rows(settings: Settings, rows: list[int]) -> None:
    table = pa.table({"row_key": [f"k{row}" for row in rows], "value": rows})
    load_tables(
        settings, "raw_test", {"rows": table},
        disposition={"rows": {"disposition": "merge", "strategy": "upsert"}},
        primary_keys={"rows": "row_key"},
    )  # fmt: skip


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


def die_at(number: int, folder: Path) -> None:
    """End this process at the n-th event that touches a file of the folder; 0: never."""
    seen = 0
    prefix = str(folder)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in _TOUCHING and str(arguments[0]).startswith(prefix):
            seen += 1
            if seen == number:
                os._exit(_KILLED)

    sys.addaudithook(hook)


def in_fork(work: Callable[[], None]) -> int:
    """Run in a fork; returns its exit code."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # a fork of a script must not go on with it
            _say({"error": " ".join(str(error).split())[:300]})
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_then_again(home: Path, point: int, before: list[int]) -> dict[str, Any]:
    """Load, be killed at a point, load again; returns the exit codes and the rows."""
    settings = load_settings({"OTVET_HOME": str(home)})
    settings.ensure_home()
    if before:
        assert in_fork(lambda: load_rows(settings, before)) == 0

    def killed() -> None:
        die_at(point, settings.dlt_state)
        load_rows(settings, [2, 3])

    first = in_fork(killed)
    again = in_fork(lambda: load_rows(settings, [2, 3]))
    rows = home / "rows"
    in_fork(lambda: rows.write_text(json.dumps(rows_of(settings)), encoding="utf-8") and None)
    return {
        "point": point, "was_killed": first == _KILLED, "again": again,
        "rows": json.loads(rows.read_text(encoding="utf-8")) if rows.exists() else None,
    }  # fmt: skip


def rows_of(settings: Settings) -> list[int]:
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        found = connection.execute("select value from raw_test.rows order by value").fetchall()
    return [value for (value,) in found]


def import_ahead(home: Path) -> None:
    """Import what a load imports late, so that forks need not."""
    told = home / "modules"
    known = set(sys.modules)

    def tell() -> None:
        settings = load_settings({"OTVET_HOME": str(home)})
        settings.ensure_home()
        load_rows(settings, [1])
        told.write_text("\n".join(sys.modules.keys() - known), encoding="utf-8")

    assert in_fork(tell) == 0
    for name in told.read_text(encoding="utf-8").split():
        with suppress(ImportError, AttributeError):
            import_module(name)


if __name__ == "__main__":
    folder, points, before = Path(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])
    import_ahead(folder / "ahead")
    for place in points:
        outcome = killed_then_again(folder / f"home{place}", place, before)
        _say(outcome)
        if not outcome["was_killed"]:
            break
