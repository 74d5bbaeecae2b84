"""`make bench`: rates of the import paths and times of the main job's steps, side by side.

The import paths and the models are measured on written inputs, each run in a process of its own
(`bench_imports`, `bench_models`); then the main job and the views of the app on the emulated
company, in one process. So the ratios hold on any machine; the absolute figures are this machine's.
Sizes: `python -m tests.bench --help`.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pipelines.lib.importing import ImportRequest, import_files
from pipelines.main_job import run_job
from pipelines.publishing import current_publication
from pipelines.sandbox.model import World
from pipelines.sandbox.world import generate_parts, generate_world
from pipelines.sandbox.writers import write_company
from pipelines.sandbox.writers_parquet import FOLDER, write_tables
from pipelines.semantics import SemanticLayer
from pipelines.settings import Settings, load_settings
from tests.bench_imports import measure_imports
from tests.bench_models import measure_models
from tests.bench_views import PERIODS, measure_views

PARTS: Final = ("imports", "models", "company")
ROADS: Final = ("exports", "parquet")
_MESSAGES = int(os.environ.get("OTVET_BENCH_MESSAGES", "100000"))


def _timed(name: str, rows: int | None, work: Callable[[], object]) -> None:
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    rate = f"{rows / seconds:>10,.0f} rows/s" if rows else ""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{name:<38}{seconds:>9.2f} s {rate:<20} peak {peak:,.0f} MiB\n")
    sys.stdout.flush()


def messages_by_source(world: World) -> dict[str, int]:
    """Rows of messages by the source whose export holds them."""
    threads = world["threads"].select(["thread_id", "source"])
    counted = world["messages"].select(["thread_id"]).join(threads, "thread_id")
    found = counted.group_by("source").aggregate([("thread_id", "count")]).to_pylist()
    return {row["source"]: row["thread_id_count"] for row in found}


def main() -> None:
    """Print the table of measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=_MESSAGES, help="of the emulated company")
    parser.add_argument("--model-rows", type=int, default=1_000_000, help="of the models' input")
    parser.add_argument("--import-rows", type=int, default=100_000, help="of each import path")
    parser.add_argument(
        "--road",
        choices=ROADS,
        default="exports",
        help="of the company: exports of its messengers, or its tables (for many millions)",
    )
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="these parts")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="otvet_bench_") as name:
        folder = Path(name)
        if "imports" in given.only:
            measure_imports(given.import_rows, folder / "imports")
        if "models" in given.only:
            measure_models(given.model_rows, folder / "models")
        if "company" in given.only:
            _measure_company(given.messages, given.road, folder / "company", folder / "home")


def _measure_company(messages: int, road: str, company: Path, home: Path) -> None:
    os.environ["OTVET_HOME"] = str(home)
    rows: dict[str, int] = {}
    _timed(
        "company: generate and write",
        messages,
        lambda: rows.update(_write(road, messages, company)),
    )
    os.environ["OTVET_CONFIG"] = str(company / "otvet.toml")
    settings = load_settings()
    _import(settings, company, rows)
    _timed(
        "company: build, check and publish",
        sum(rows.values()),
        lambda: run_job(settings, "build_job"),
    )
    layer = SemanticLayer(current_publication(settings.published))
    _timed("first question (engine starts)", None, lambda: layer.ask(["frt_p50"]))
    _timed("next question", None, lambda: layer.ask(["afrt"], by=["channel"], grain="month"))
    layer.close()
    for period in PERIODS:
        measure_views(home, period)


def _write(road: str, messages: int, company: Path) -> dict[str, int]:
    """Write the company; returns the messages that each of its sources holds."""
    if road == "parquet":
        return {FOLDER: write_tables(generate_parts(1, messages), company)}
    world = generate_world(1, messages)
    write_company(world, company)
    return messages_by_source(world)


def _import(settings: Settings, company: Path, rows: dict[str, int]) -> None:
    for source in settings.project.sources:
        request = ImportRequest(
            paths=tuple(company / path for path in source.paths),
            source_name=source.name,
            mapping=source.mapping,
            us="name:nobody" if source.kind != "tabular" else None,
            time_zone=settings.project.company.time_zone,
        )
        _timed(
            f"company: import {source.name}",
            rows.get(source.name),
            lambda request=request: import_files(settings, request),  # type: ignore[misc]
        )


if __name__ == "__main__":
    main()
