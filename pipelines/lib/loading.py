"""Loading into the warehouse with dlt, always through Parquet and Arrow."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dlt
import duckdb
import pyarrow as pa
from dlt.common.destination.exceptions import DestinationHasFailedJobs
from dlt.common.pipeline import LoadInfo
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.settings import Settings

# Of DuckDB while it loads: rows go to the file as they come, so more would only be kept.
_MEMORY = "1GB"

# Nothing calls home, and libraries keep their progress to themselves.
QUIET_ENVIRONMENT = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    # What fails a load is raised as well; dlt's own lines are traces, which may hold rows.
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",
    # Else every loaded row stays behind as a file, the originals of the vault among them.
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "GX_ANALYTICS_ENABLED": "false",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
}


@dataclass
class LoadReport:
    """Rows that one load wrote, by table."""

    dataset: str
    rows: dict[str, int] = field(default_factory=dict)


class LoadError(Exception):
    """The loader could not write a dataset."""


def be_quiet() -> None:
    """Switch off telemetry and chatter of the libraries, unless the user set them otherwise."""
    for name, value in QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def _ensure_warehouse(settings: Settings) -> None:
    """Make a new warehouse in this DuckDB's own format: by default it keeps to that of 0.10.

    Its dictionaries of texts cost a third less to write. Only the pipeline opens the warehouse;
    publications keep to the old format, which all readers know.
    """
    if settings.warehouse.exists():
        return
    # Whole or not at all: nobody can open what a killed process had begun to write.
    begun = settings.warehouse.with_suffix(".new")
    begun.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        path = str(begun).replace("'", "''")
        connection.execute(f"attach '{path}' as warehouse (storage_version 'latest')")
    begun.replace(settings.warehouse)


@contextmanager
def _own_files(settings: Settings, name: str) -> Iterator[None]:
    """Let a load begin without the loader's files of one that did not end well.

    They are a copy of what the warehouse knows, and work that comes again from its files. Killed
    between two of them, dlt would find neither its schema nor its package, in every later load.
    """
    unfinished = settings.dlt_state / f"{name}.unfinished"
    if unfinished.exists():
        shutil.rmtree(settings.dlt_state / name, ignore_errors=True)
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    unfinished.touch()
    yield
    unfinished.unlink()


def load(settings: Settings, dataset: str, resources: Iterable[Any]) -> LoadReport:
    """Load dlt resources into a dataset of the warehouse.

    Raises:
        LoadError: the next load starts from the sources again and doubles nothing.
    """
    be_quiet()
    _ensure_warehouse(settings)
    name = f"otvet_{dataset}"
    with _own_files(settings, name):
        pipeline = dlt.pipeline(
            pipeline_name=name,
            pipelines_dir=str(settings.dlt_state),
            destination=_destination(settings),
            dataset_name=dataset,
            progress=None,
        )
        try:
            info = pipeline.run(list(resources), loader_file_format="parquet")
            info.raise_on_failed_jobs()
        except (PipelineStepFailed, DestinationHasFailedJobs) as error:
            raise LoadError(
                f"Loading into {dataset} failed: {_last_cause(error)}. Mend the cause and start "
                "again: what was loaded already is not doubled."
            ) from error
        return LoadReport(dataset, _row_counts(pipeline, info))


def _destination(settings: Settings) -> Any:
    return dlt.destinations.duckdb(
        DuckDbCredentials(
            str(settings.warehouse),
            global_config={"memory_limit": _MEMORY, "threads": settings.project.resources.threads},
        ),
        preferred_loader_file_format="parquet",
    )


def load_tables(
    settings: Settings,
    dataset: str,
    tables: dict[str, pa.Table],
    *,
    disposition: dict[str, Any],
    primary_keys: dict[str, str],
) -> LoadReport:
    """Load Arrow tables that are already in memory.

    Args:
        tables: rows by table name; an empty table still creates its table.
        disposition: dlt write disposition by table name.
        primary_keys: key column by table name.
    """
    resources = [
        dlt.resource(
            [table],
            name=name,
            write_disposition=disposition[name],
            primary_key=primary_keys.get(name),
            file_format="parquet",
        )
        for name, table in tables.items()
    ]
    return load(settings, dataset, resources)


def _last_cause(error: Exception) -> str:
    """Return the sentence at the bottom: dlt's message holds the traces of its workers."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Failed)\b.*: ", line)]
    return (causes or lines or [type(error).__name__])[-1].partition(": ")[2] or str(lines[-1:])


def _row_counts(pipeline: Any, info: LoadInfo) -> dict[str, int]:
    trace = pipeline.last_trace.last_normalize_info if pipeline.last_trace else None
    counts = dict(trace.row_counts) if trace and info.loads_ids else {}
    return {name: count for name, count in counts.items() if not name.startswith("_dlt")}
