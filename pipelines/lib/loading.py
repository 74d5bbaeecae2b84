"""Loading into the warehouse with dlt, always through Parquet and Arrow."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.pipeline import LoadInfo

from pipelines.settings import Settings

# Nothing calls home, and libraries keep their progress to themselves.
QUIET_ENVIRONMENT = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
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


def be_quiet() -> None:
    """Switch off telemetry and chatter of the libraries, unless the user set them otherwise."""
    for name, value in QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def load(settings: Settings, dataset: str, resources: Iterable[Any]) -> LoadReport:
    """Load dlt resources into a dataset of the warehouse.

    Raises:
        dlt.pipeline.exceptions.PipelineStepFailed: nothing of the failed package is visible; the
            next load starts from the sources again.
    """
    be_quiet()
    pipeline = dlt.pipeline(
        pipeline_name=f"otvet_{dataset}",
        pipelines_dir=str(settings.dlt_state),
        destination=dlt.destinations.duckdb(
            str(settings.warehouse), preferred_loader_file_format="parquet"
        ),
        dataset_name=dataset,
        progress=None,
    )
    # A package that a killed run left behind is dropped: its rows come again from their files.
    pipeline.abort_packages()
    info = pipeline.run(list(resources), loader_file_format="parquet")
    info.raise_on_failed_jobs()
    return LoadReport(dataset, _row_counts(pipeline, info))


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


def _row_counts(pipeline: Any, info: LoadInfo) -> dict[str, int]:
    trace = pipeline.last_trace.last_normalize_info if pipeline.last_trace else None
    counts = dict(trace.row_counts) if trace and info.loads_ids else {}
    return {name: count for name, count in counts.items() if not name.startswith("_dlt")}
