"""The main job, run in this process: the same graph that Dagster's interface runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import Any, cast

from pipelines.durable import write_once
from pipelines.lib.loading import be_quiet
from pipelines.lib.locking import home_lock
from pipelines.lib.run_options import RunOptions
from pipelines.publishing import note_failure
from pipelines.settings import PROJECT_ROOT, Settings


@dataclass
class JobOutcome:
    """How a run ended; `unread` tells of files that could not be read while the rest went on."""

    succeeded: bool
    failures: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def run_job(settings: Settings, name: str, options: RunOptions | None = None) -> JobOutcome:
    """Run `main_job` or `build_job` in this process and record it in the home's run history.

    Raises:
        RunInProgressError: another run of this home has not ended.
    """
    prepare_instance(settings)
    import dagster as dg

    from pipelines.definitions import defs
    from pipelines.defs.ingestion.assets import UNREAD

    # dbt's own lines go to the log; the progress lines are on the other stream.
    log = (settings.logs / "job.log").open("a", encoding="utf-8")
    with (
        home_lock(settings),
        log,
        redirect_stdout(log),
        _kept_connections(),
        dg.DagsterInstance.get() as instance,
    ):
        result = defs.resolve_job_def(name).execute_in_process(
            instance=instance,
            raise_on_error=False,
            tags=options.tags if options else None,
            # Steps speak through the progress lines; the event log keeps the rest.
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        failures = [_describe_failure(event) for event in result.all_events if _failed(event)]
        unread = [
            str(reason)
            for evaluation in result.get_asset_check_evaluations()
            if UNREAD in evaluation.metadata
            for reason in cast("list[str]", evaluation.metadata[UNREAD].value)
        ]
    if not result.success:
        note_failure(settings.published, "; ".join(failures) or "the run failed")
    return JobOutcome(result.success, failures, unread)


def prepare_instance(settings: Settings) -> None:
    """Point Dagster at the home; its configuration is written once, then the user's to change."""
    be_quiet()
    settings.ensure_home()
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    path = settings.dagster_home / "dagster.yaml"
    if not path.exists():
        write_once(path, (PROJECT_ROOT / "dagster.yaml").read_bytes())


@contextmanager
def _kept_connections() -> Iterator[None]:
    """Let Dagster's event log keep one connection per file during a run.

    It opens and closes one for each of some thousand events, and each time prepares the same
    statements again and has SQLite write its log back into the file: a third of the time that a run
    of few rows takes.
    """
    from dagster._core.storage.event_log.sqlite import sqlite_event_log
    from sqlalchemy.pool import QueuePool

    module: Any = sqlite_event_log
    engines: dict[str, Any] = {}
    make = module.create_engine

    def kept(url: str, **options: Any) -> Any:
        if url not in engines:
            engines[url] = make(url, **{**options, "poolclass": QueuePool})
            # The log throws an engine away after each event.
            engines[url].dispose = lambda *_, **__: None
        return engines[url]

    module.create_engine = kept
    try:
        yield
    finally:
        module.create_engine = make
        for engine in engines.values():
            del engine.dispose
            engine.dispose()


def _failed(event: Any) -> bool:
    return bool(event.is_step_failure)


def _describe_failure(event: Any) -> str:
    said = event.step_failure_data.user_failure_data
    if said is not None and said.description:
        return f"{event.step_key}: {said.description}"
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    message = " ".join(str(error.message).split()) if error else "unknown error"
    return f"{event.step_key}: {message}"
