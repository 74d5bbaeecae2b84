"""Full builds and increments in memory: the SQL that dbt compiled, without dbt's own seconds.

What dbt does with a model is done here in a few lines (`_create`), so sixty loads take minutes;
`test_with_dbt.py` shows on fewer loads that dbt itself does the same.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import duckdb
import pyarrow as pa

from pipelines.lib.business_calendar import build_calendar
from tests.engine import AS_OF_COMPILED, compiled_nodes, variables_text
from tests.increments.company import Load
from tests.increments.homes import raw_schemas, write_load
from tests.increments.schedule import HOLIDAYS, HOURS, LAST_DAY


@dataclass(frozen=True)
class _Model:
    name: str  # schema.table
    materialized: str
    unique_key: str | None
    sql: str


class CompiledHome:
    """A warehouse in memory and beside it, in `fresh`, what a full build of the same rows gives."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("set TimeZone = 'UTC'; set threads = 2")
        schemas = raw_schemas()
        for name in ("warehouse", "fresh"):
            self.connection.execute(f"attach ':memory:' as {name}")
            for schema in ("staging", "intermediate", "enrich", "marts"):
                self.connection.execute(f"create schema {name}.{schema}")
        for schema in {table.split(".")[0] for table in schemas}:
            self.connection.execute(f"create schema warehouse.{schema}")
        self.connection.execute("use warehouse")
        calendar = build_calendar(HOURS, HOLIDAYS, {}, "Europe/Moscow", LAST_DAY)
        for table, schema in schemas.items():
            empty = calendar if table.endswith("business_calendar") else schema.empty_table()
            self._table(table, empty)

    @property
    def models(self) -> int:
        """How many models a build has."""
        return len(_compiled(increment=True))

    def load(self, load: Load) -> None:
        """Write what arrived."""
        write_load(self.connection, load)

    def build(self, as_of: datetime, *, increment: bool, until: int | None = None) -> None:
        """Build the kept tables; `until` ends the build after so many models."""
        self._run("warehouse", as_of, increment=increment, until=until)

    def build_fresh(self, as_of: datetime) -> None:
        """Build all anew, beside."""
        self._run("fresh", as_of, increment=False, until=None)

    def differences(self) -> dict[str, list[object]]:
        """Return up to three rows per mart that only the kept or only the fresh tables hold."""
        found: dict[str, list[object]] = {}
        for table in self.marts():
            kept, fresh = f"warehouse.marts.{table}", f"fresh.marts.{table}"
            for one, other in ((kept, fresh), (fresh, kept)):
                rows = self.connection.execute(
                    f"select '{one}', * from {one} except all select '{one}', * from {other}"
                    " limit 3"
                ).fetchall()
                if rows:
                    found.setdefault(table, []).extend(rows)
        return found

    def marts(self) -> list[str]:
        """Return the names of the marts."""
        return sorted(
            model.name.partition(".")[2]
            for model in _compiled(increment=False)
            if model.name.startswith("marts.")
        )

    def count(self, table: str) -> int:
        """Return the rows of a table."""
        found = self.connection.execute(f"select count(*) from {table}").fetchone()
        return int(found[0]) if found else 0

    def _run(self, catalog: str, as_of: datetime, *, increment: bool, until: int | None) -> None:
        build_id = str(uuid.uuid4())
        for model in _compiled(increment=increment)[:until]:
            sql = model.sql.replace(AS_OF_COMPILED, as_of.isoformat())
            # What both build from are the raw tables of the one warehouse.
            sql = re.sub(r'"warehouse"\."(?!raw_)', f'"{catalog}"."', _build_id_of(sql, build_id))
            self._create(f"{catalog}.{model.name}", model, sql, increment)

    def _create(self, name: str, model: _Model, sql: str, increment: bool) -> None:
        materialized, key = model.materialized, model.unique_key
        self._drop_other_kind(name, "view" if materialized == "view" else "table")
        if materialized == "view":
            self.connection.execute(f"create or replace view {name} as {sql}")
        elif materialized == "incremental" and increment:
            touched = f"{name.split('.')[0]}.intermediate.int_touched_threads"
            self.connection.execute(f"create temp table batch as {sql}")
            others = f"or {key} in (select {key} from batch)" if key else ""
            self.connection.execute(
                f"delete from {name}"
                f" where thread_key in (select thread_key from {touched}) {others}"
            )
            self.connection.execute(f"insert into {name} by name from batch; drop table batch")
        else:
            self.connection.execute(f"create or replace table {name} as {sql}")

    def _drop_other_kind(self, name: str, kind: str) -> None:
        """Staging is a view in a full build and a table in an increment."""
        found = self.connection.execute(
            "select table_type from information_schema.tables"
            " where concat_ws('.', table_catalog, table_schema, table_name) = ?",
            [name],
        ).fetchone()
        if found is not None and (found[0] == "VIEW") != (kind == "view"):
            self.connection.execute(f"drop {'view' if found[0] == 'VIEW' else 'table'} {name}")

    def _table(self, name: str, rows: pa.Table) -> None:
        self.connection.register("rows_of_table", rows)
        self.connection.execute(f"create table warehouse.{name} as from rows_of_table")
        self.connection.unregister("rows_of_table")


def _build_id_of(sql: str, build_id: str) -> str:
    return re.sub(r"'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' as build_id",
                  f"'{build_id}' as build_id", sql)  # fmt: skip


@cache
def _compiled(*, increment: bool) -> list[_Model]:
    """Compile the project; returns its models in the order of a build."""
    variables = variables_text(company_time_zone="Europe/Moscow", is_increment=increment)
    return [
        _Model(
            f"{node['schema']}.{node['name']}",
            node["config"]["materialized"],
            node["config"]["unique_key"],
            node["compiled_code"],
        )
        for node in compiled_nodes(variables)
    ]
