"""Homes that random loads go into: rows are written as dlt leaves them."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa

from pipelines.lib.business_calendar import CALENDAR
from pipelines.lib.company_tables import CHANNELS, EXCHANGE_RATES, IDENTITY_RULES, ROSTER
from pipelines.lib.crm_loading import CRM_FIELDS, CRM_READS
from pipelines.lib.raw_tables import CRM_TABLES, DATASETS
from pipelines.lib.who_is_us import SOURCE_RULES
from pipelines.sources._common.contracts import ENTITIES
from tests.increments.company import Load

_COMPANY = {"raw_otvet.roster": ROSTER, "raw_otvet.source_rules": SOURCE_RULES}


def raw_schemas() -> dict[str, pa.Schema]:
    """Return the columns of every raw table; those of sources carry dlt's load id as well."""
    load_id = pa.field("_dlt_load_id", pa.string())
    tables = {
        f"raw_{kind}.{entity}": ENTITIES[entity].append(load_id)
        for kind, entities in DATASETS.items()
        for entity in entities
    }
    crm = {
        f"raw_{kind}.{name}": schema.append(load_id)
        for kind, schemas in CRM_TABLES.items()
        for name, schema in schemas.items()
    }
    company = {
        "raw_otvet.channels": CHANNELS, "raw_otvet.business_calendar": CALENDAR,
        "raw_otvet.crm_fields": CRM_FIELDS, "raw_otvet.exchange_rates": EXCHANGE_RATES,
        "raw_otvet.identity_rules": IDENTITY_RULES, "raw_otvet.crm_reads": CRM_READS,
    }  # fmt: skip
    return tables | crm | _COMPANY | company


def write_load(connection: duckdb.DuckDBPyConnection, load: Load) -> None:
    """Write a load: messages whose content is known add nothing, other records are replaced."""
    for table, rows in load.rows.items():
        schema = _COMPANY.get(table) or ENTITIES[table.partition(".")[2]]
        key = "source_name" if table.endswith("source_rules") else "row_key"
        latest = {row[key]: row for row in rows}
        arrow = pa.Table.from_pylist([_known(row, schema) for row in latest.values()], schema)
        # As dlt leaves them; the tables in memory have no columns of dlt but the load's id.
        columns = {name for name, *_ in connection.execute(f"describe {table}").fetchall()}
        for name in sorted(columns - set(schema.names)):
            marks = [f"{1_767_000_000 + load.number}.5"] * len(arrow)
            arrow = arrow.append_column(name, pa.array(marks))
        connection.register("rows_of_load", arrow)
        if table.endswith(".messages"):
            known = f"where row_key not in (select row_key from {table})"
            connection.execute(f"insert into {table} by name select * from rows_of_load {known}")
        else:
            connection.execute(
                f"delete from {table} where {key} in (select {key} from rows_of_load)"
            )
            connection.execute(f"insert into {table} by name select * from rows_of_load")
        connection.unregister("rows_of_load")


def _known(row: dict[str, Any], schema: pa.Schema) -> dict[str, Any]:
    return {name: row.get(name) for name in schema.names}
