"""Narrow copies of the marts, written at publication, that questions are asked of.

A projection has of its mart the columns that the semantic models name, under the same names, rows
and order, with one difference: the keys by which tables are joined and things are counted are
integers. The same SQL gives the same answer on it, as long as no key leaves or enters the SQL; what
names a key (rows behind a figure, a filter by an id) is asked of the marts themselves.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import duckdb

SCHEMA: Final = "projections"
_RELATION: Final = re.compile(r'"marts"\."(\w+)"')
Model = Mapping[str, Any]


@dataclass
class Projection:
    """What a projection has of its mart.

    Attributes:
        keys: entity of each column that becomes an integer.
        words: all other words of the semantic models, names of columns among them.
    """

    keys: dict[str, str] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)


def entity_names(models: Sequence[Model]) -> set[str]:
    """Return the names of the things that rows belong to; each has a key."""
    return {entity["name"] for model in models for entity in model.get("entities", ())}


def plan_projections(models: Sequence[Model]) -> dict[str, Projection]:
    """Return a projection per table of the semantic models.

    A key that only one model knows joins nothing and is left out. A table whose formulas do more
    with a key than count what it stands for has no projection.
    """
    known_by: dict[str, int] = defaultdict(int)
    for model in models:
        for entity in model.get("entities", ()):
            known_by[entity["name"]] += 1
    found: dict[str, Projection] = {}
    refused = set()
    for model in models:
        table = model["node_relation"]["alias"]
        keys = {_expr(entity): entity["name"] for entity in model.get("entities", ())}
        if not _only_counts(model, keys):
            refused.add(table)
        projection = found.setdefault(table, Projection())
        projection.keys |= {key: name for key, name in keys.items() if known_by[name] > 1}
        for item in (*model.get("dimensions", ()), *model.get("measures", ())):
            projection.words |= set(re.findall(r"\w+", _expr(item)))
    return {table: projection for table, projection in found.items() if table not in refused}


def write_projections(
    connection: duckdb.DuckDBPyConnection,
    models: Sequence[Model],
    *,
    catalog: str,
    schema: str,
    sorted_by: Mapping[str, str],
) -> None:
    """Write the projections of the marts of an attached catalogue beside them.

    Args:
        schema: of the marts.
        sorted_by: the column by which the rows of a table lie.
    """
    connection.execute(f"create schema {catalog}.{SCHEMA}")
    columns: dict[str, list[str]] = defaultdict(list)
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns()"
        " where database_name = ? and schema_name = ? order by table_name, column_index",
        [catalog, schema],
    ).fetchall():
        columns[table].append(column)
    planned = {
        table: projection
        for table, projection in plan_projections(models).items()
        if table in columns
    }
    _number_keys(connection, planned, f"{catalog}.{schema}")
    for table, projection in planned.items():
        keys = [column for column in columns[table] if column in projection.keys]
        selected = [
            f'"{column}_numbers".number as "{column}"' if column in keys else f'rows."{column}"'
            for column in columns[table]
            if column in keys or column in projection.words
        ]
        if not selected:
            continue
        joins = [
            f'left join temp.numbers_of_{projection.keys[column]} as "{column}_numbers"'
            f' on rows."{column}" = "{column}_numbers".key'
            for column in keys
        ]
        # Rows of a day that have keys in common lie together: counting them stays in the cache.
        order = [f'rows."{sorted_by[table]}"'] if table in sorted_by else []
        order += [f'"{column}_numbers".number' for column in keys]
        connection.execute(
            f'create table {catalog}.{SCHEMA}."{table}" as select {", ".join(selected)}'
            f' from {catalog}.{schema}."{table}" as rows {" ".join(joins)}'
            + (f" order by {', '.join(order)}" if order else "")
        )


def projected_tables(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Return the tables of which a published version has projections; none in older ones."""
    rows = connection.execute(
        "select table_name from duckdb_tables() where schema_name = ?", [SCHEMA]
    ).fetchall()
    return frozenset(name for (name,) in rows)


def on_projections(sql: str, modelled: Collection[str], projected: Collection[str]) -> str:
    """Return compiled SQL with projections in the place of its marts.

    Keys of projections and of marts never meet: if one of the marts has none, all are left.

    Args:
        modelled: the tables of the semantic models.
        projected: those that have a projection.
    """
    used = set(_RELATION.findall(sql)) & set(modelled)
    if not used <= set(projected):
        return sql
    return _RELATION.sub(
        lambda found: f'"{SCHEMA}"."{found[1]}"' if found[1] in used else found[0], sql
    )


def _number_keys(
    connection: duckdb.DuckDBPyConnection, planned: Mapping[str, Projection], marts: str
) -> None:
    """Write a table of keys and their numbers per entity, for all tables alike."""
    places: dict[str, list[str]] = defaultdict(list)
    for table, projection in planned.items():
        for column, entity in projection.keys.items():
            places[entity].append(f'select "{column}" as key from {marts}."{table}"')
    for entity, selects in places.items():
        connection.execute(
            f"create or replace temp table numbers_of_{entity} as"
            " select key, row_number() over ()::integer as number"
            f" from ({' union '.join(selects)}) where key is not null"
        )


def _only_counts(model: Model, keys: Collection[str]) -> bool:
    """Return whether the formulas of a model use keys to count different ones and nothing else."""
    for item in (*model.get("dimensions", ()), *model.get("measures", ())):
        expr = _expr(item)
        rest = expr
        if item.get("agg") == "count_distinct":
            # One key, bare or under a condition: as many different numbers as keys.
            rest = re.sub(r"^(\w+)$|\bthen (\w+) end$", "", expr)
        if set(re.findall(r"\w+", rest)) & set(keys):
            return False
    return True


def _expr(item: Model) -> str:
    return str(item.get("expr") or item["name"])
