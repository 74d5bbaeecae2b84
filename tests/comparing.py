"""Comparing published files (or warehouses) by the full content of their marts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from pipelines.lib.dbt_manifest import DBT_EXECUTABLE
from pipelines.lib.increments import plan_build
from pipelines.settings import DBT_PROJECT_DIR, Settings

# They tell when and how a version was made, not what is in it.
ABOUT_THE_RUN: Mapping[str, Sequence[str] | None] = {
    "meta_publication": None,
    "meta_checks": None,
    "meta_freshness": ("last_loaded_at",),
}


def differences(
    left: Path,
    right: Path,
    *,
    ignore: Mapping[str, Sequence[str] | None] = ABOUT_THE_RUN,
    only: Sequence[str] | None = None,
) -> dict[str, list[Any]]:
    """Return rows that only one side has, by table of schema `marts`; empty when all is equal.

    Args:
        ignore: columns to leave out by table; None leaves out the table.
        only: the tables to compare, all by default.
    """
    found: dict[str, list[Any]] = {}
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, path in (("l", left), ("r", right)):
            quoted = str(path).replace("'", "''")
            connection.execute(f"attach '{quoted}' as {name} (read_only)")
        tables = {name: _columns(connection, name) for name in ("l", "r")}
        for table in sorted(tables["l"].keys() | tables["r"].keys()):
            left_out = ignore.get(table, ())
            if left_out is None or (only is not None and table not in only):
                continue
            if tables["l"].get(table) != tables["r"].get(table):
                found[table] = [tables["l"].get(table), tables["r"].get(table)]
                continue
            columns = ", ".join(
                f'"{column}"' for column, _ in tables["l"][table] if column not in left_out
            )
            for one, other in (("l", "r"), ("r", "l")):
                rows = connection.execute(
                    f"select '{one}' as side, {columns} from {one}.marts.{table} except all"
                    f" select '{one}', {columns} from {other}.marts.{table} limit 3"
                ).fetchall()
                if rows:
                    found.setdefault(table, []).extend(rows)
    return found


def row_counts(database: Path) -> dict[str, int]:
    """Return the rows of each mart, so that a comparison of empty tables does not go unnoticed."""
    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
        ).fetchall()
        return {
            name: (connection.execute(f"select count(*) from marts.{name}").fetchone() or (0,))[0]
            for (name,) in names
        }


def build_marts(settings: Settings, *, full_refresh: bool = False) -> Path:
    """Build the models of a home without their tests, which take most of a build's time.

    Args:
        full_refresh: make every row anew, as `otvet run --full-refresh` does.

    Returns:
        The warehouse, whose schema `marts` holds what a publication would.
    """
    from pipelines.lib.company_state import load_company_state
    from pipelines.lib.raw_tables import prepare_raw_tables

    prepare_raw_tables(settings)
    load_company_state(settings)
    run_dbt(settings, full_refresh=full_refresh)
    return settings.warehouse


def run_dbt(settings: Settings, *, full_refresh: bool = False) -> None:
    """Run the models as the job does, in a process of its own: dbt keeps the warehouse open."""
    process = start_dbt(settings, full_refresh=full_refresh)
    said, complained = process.communicate()
    assert process.returncode == 0, said + complained


def start_dbt(settings: Settings, *, full_refresh: bool = False) -> subprocess.Popen[str]:
    """Start a build; who starts it waits for its end, or kills it."""
    build = plan_build(settings, full_refresh=full_refresh)
    return subprocess.Popen(
        [
            str(DBT_EXECUTABLE), "--quiet", "run", *build.arguments, *build.unchanged,
            "--project-dir", str(DBT_PROJECT_DIR),
            "--profiles-dir", str(DBT_PROJECT_DIR),
            "--target-path", str(settings.dbt_target),
            "--log-path", str(settings.logs),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **build.environment},
    )  # fmt: skip


def _columns(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, list[tuple[str, str]]]:
    tables: dict[str, list[tuple[str, str]]] = {}
    rows = connection.execute(
        "select table_name, column_name, data_type from duckdb_columns()"
        " where database_name = ? and schema_name = 'marts' order by table_name, column_index",
        [name],
    ).fetchall()
    for table, column, kind in rows:
        tables.setdefault(table, []).append((column, kind))
    return tables
