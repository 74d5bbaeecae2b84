"""Rows into the warehouse by DuckDB alone, for long campaigns about what a load reads.

dlt takes seconds for the few rows of a test, most of them for its configuration. What it does with
them (a row replaces that of its key, some tables only grow) is done here at once; that dlt does so
is shown by all other tests: of each fault alone, of loads day by day or killed, of marts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.lib import crm_loading, raw_tables
from pipelines.settings import Settings
from pipelines.sources._common.landing import INSERT_ONLY, Landing

Tables = dict[str, tuple[pa.Table, str, bool]]
"""By name the rows, the column of their key, and whether a row that is there stays."""


def write_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let CRMs be loaded without dlt."""
    monkeypatch.setattr(crm_loading, "landed_resources", _landed)
    monkeypatch.setattr(crm_loading, "load", _load)
    for module in (crm_loading, raw_tables):
        monkeypatch.setattr(module, "load_tables", _load_tables)


def _landed(landing: Landing, entities: Iterable[str]) -> Tables:
    return {
        entity: (_rows(landing, entity), "row_key", entity in INSERT_ONLY) for entity in entities
    }


def _rows(landing: Landing, entity: str) -> pa.Table:
    path = landing.path(entity)
    return pq.read_table(path) if path.exists() else next(landing.batches(entity))


def _load_tables(
    settings: Settings,
    dataset: str,
    tables: dict[str, pa.Table],
    *,
    disposition: dict[str, Any],
    primary_keys: dict[str, str],
) -> None:
    grows = {name: disposition[name]["strategy"] == "insert-only" for name in tables}
    _load(
        settings,
        dataset,
        {name: (rows, primary_keys[name], grows[name]) for name, rows in tables.items()},
    )


def _load(settings: Settings, dataset: str, tables: Tables) -> None:
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'; begin")
        connection.execute(f"create schema if not exists {dataset}")
        for name, (rows, key, grows) in tables.items():
            table = f"{dataset}.{name}"
            connection.register("found", rows)
            connection.execute(
                f"create table if not exists {table} as"
                " select *, cast(null as varchar) as _dlt_load_id from found limit 0"
            )
            if not grows:
                connection.execute(f"delete from {table} where {key} in (select {key} from found)")
            connection.execute(
                f"insert into {table} by name"
                f" from found where {key} not in (select {key} from {table})"
            )
            connection.unregister("found")
        connection.execute("commit")
