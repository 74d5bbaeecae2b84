"""Rates and peak memory of the import paths, each measured in a process of its own.

A path runs from the file to the raw tables, masking and pseudonyms included. The first row is the
ceiling: DuckDB inserting such rows from Arrow, with nothing done to them. Rates of a busy machine
say little; the share of the ceiling, measured in the same minutes, says more. A load takes some
seconds whatever its size: beside the rate stands that of the rows alone, without what a small
import takes in the same home.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.lib.importing import ImportRequest, import_files
from pipelines.settings import load_settings
from tests.bench_inputs import (
    append_line,
    tables,
    write_mapping,
    write_table,
    write_telegram,
    write_whatsapp,
)

CEILING = "duckdb-from-arrow"
PATHS = (CEILING, "telegram", "whatsapp", "table-csv", "table-parquet")
_START_ROWS = 200


def measure_imports(rows: int, folder: Path, paths: tuple[str, ...] = PATHS) -> None:
    """Print a line per import path: seconds, rows per second, peak memory of its process.

    Args:
        rows: messages of each input (lines for WhatsApp).
        folder: where inputs and homes are written; everything in it may be removed afterwards.
        paths: which ones; shares of the ceiling are told of those behind it.
    """
    ceiling = None
    for path in paths:
        command = [sys.executable, "-m", "tests.bench_imports", "--child", path]
        command += ["--rows", str(rows), "--folder", str(folder)]
        _prepare(path, rows, folder / path)
        _prepare(path, _START_ROWS, folder / f"{path}-small")
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        rate = rows / found["seconds"]
        ceiling = rate if path == CEILING else ceiling
        share = f"{rate / ceiling:>5.0%} of the ceiling" if ceiling else ""
        line = f"import: {path:<30}{found['seconds']:>9.2f} s {rate:>10,.0f} rows/s      "
        line += f"peak {found['peak_mib']:,.0f} MiB {share:<21}"
        if path != CEILING:
            alone = (rows - _START_ROWS) / max(found["seconds"] - found["again_seconds"], 0.001)
            line += f" rows alone {alone:,.0f} rows/s (a small import: first "
            line += f"{found['start_seconds']:.2f} s, then {found['again_seconds']:.2f} s)"
        append_line(sys.stdout, line)


def _prepare(path: str, rows: int, source: Path) -> None:
    """Write the input of a path, outside the process that is measured."""
    if source.exists():
        return
    source.mkdir(parents=True)
    if path == "telegram":
        write_telegram(source / "result.json", rows)
    elif path == "whatsapp":
        write_whatsapp(source / "Чат WhatsApp с контактом Клиент.txt", rows)
    elif path.startswith("table-"):
        write_table(source / f"messages.{path.removeprefix('table-')}", rows)


def _measure(path: str, rows: int, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder, prefix=f"{path}_home_") as home:
        os.environ["OTVET_HOME"] = home
        os.environ.pop("OTVET_CONFIG", None)
        if path == CEILING:
            # Made on the way, and paid for by nobody: the ceiling is DuckDB's own time.
            seconds = start = again = _insert(tables(rows), Path(home) / "ceiling.duckdb")
        else:
            # Importing the libraries takes seconds, whatever the file: they are measured apart.
            start = _import(path, folder / f"{path}-small", Path(home), "start")
            again = _import(path, folder / f"{path}-small", Path(home), "again")
            seconds = _import(path, folder / path, Path(home), "bench")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"seconds": seconds, "start_seconds": start, "again_seconds": again, "peak_mib": peak}
    append_line(sys.stdout, json.dumps(found))


def _import(path: str, source: Path, home: Path, source_name: str) -> float:
    """Import a folder; returns the seconds it took."""
    suffix = path.removeprefix("table-")
    mapping = str(write_mapping(home, suffix)) if path.startswith("table-") else None
    request = ImportRequest(
        paths=(source,),
        source_name=source_name,
        mapping=mapping,
        us=None if mapping else "name:Анна",
        time_zone="Europe/Moscow",
    )
    started = time.perf_counter()
    import_files(load_settings(), request)
    return time.perf_counter() - started


def _insert(batches: Iterator[pa.Table], warehouse: Path) -> float:
    seconds = 0.0
    with duckdb.connect(str(warehouse)) as connection:
        for number, batch in enumerate(batches):
            started = time.perf_counter()
            connection.register("batch", batch)
            verb = "insert into messages" if number else "create table messages as"
            connection.execute(f"{verb} from batch")
            connection.unregister("batch")
            seconds += time.perf_counter() - started
        started = time.perf_counter()
        connection.execute("checkpoint")
        return seconds + time.perf_counter() - started


def main() -> None:
    """Measure all paths, or (with --child) one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--paths", nargs="+", choices=PATHS, default=PATHS)
    parser.add_argument("--child", choices=PATHS)
    given = parser.parse_args()
    if given.child:
        _measure(given.child, given.rows, given.folder)
        return
    with tempfile.TemporaryDirectory(prefix="otvet_bench_") as folder:
        measure_imports(given.rows, given.folder or Path(folder), tuple(given.paths))


if __name__ == "__main__":
    main()
