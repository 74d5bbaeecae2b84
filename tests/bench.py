"""`make bench`: rates of the import paths and times of the main job's steps, side by side.

The import paths are measured on written inputs, each in a process of its own (`bench_imports`); the
steps of the main job in one process on the emulated company. So the ratios hold on any machine; the
absolute figures are this machine's. Sizes: `python -m tests.bench --help`.
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

from pipelines.lib.importing import ImportRequest, import_files
from pipelines.main_job import run_job
from pipelines.publishing import current_publication
from pipelines.sandbox.model import World
from pipelines.sandbox.world import generate_world
from pipelines.sandbox.writers import write_company
from pipelines.semantics import SemanticLayer
from pipelines.settings import load_settings
from tests.bench_imports import measure_imports
from tests.bench_models import measure_models
from tests.bench_views import measure_views

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
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="otvet_bench_") as folder:
        measure_imports(given.import_rows, Path(folder) / "imports")
        measure_models(given.model_rows, Path(folder) / "models")
    _measure_company(given.messages)


def _measure_company(messages: int) -> None:
    with tempfile.TemporaryDirectory(prefix="otvet_bench_") as folder:
        home = Path(folder) / "home"
        os.environ["OTVET_HOME"] = str(home)
        company = Path(folder) / "company"
        world = generate_world(1, messages, None)
        messages = world["messages"].num_rows
        _timed("write the emulated company", messages, lambda: write_company(world, company))
        os.environ["OTVET_CONFIG"] = str(company / "otvet.toml")
        settings = load_settings()
        by_source = messages_by_source(world)
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
                by_source.get(source.name),
                lambda request=request: import_files(settings, request),  # type: ignore[misc]
            )
        _timed("build, check and publish", messages, lambda: run_job(settings, "build_job"))
        layer = SemanticLayer(current_publication(settings.published))
        _timed("first question (engine starts)", None, lambda: layer.ask(["frt_p50"]))
        _timed("next question", None, lambda: layer.ask(["afrt"], by=["channel"], grain="month"))
        layer.close()
        for period in ("30d", "all"):
            measure_views(home, period)


if __name__ == "__main__":
    main()
