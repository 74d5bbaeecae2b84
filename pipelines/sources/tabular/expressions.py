"""Expressions of a mapping: what is allowed in them and which columns they use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import duckdb

# Everything that is not a function of the row's own columns.
_REFUSED_CLASSES: Final = {
    "SUBQUERY": "a subquery",
    "WINDOW": "a window function",
    "STAR": "a star",
    "PARAMETER": "a parameter",
    "POSITIONAL_REFERENCE": "a column by number",
    "DEFAULT": "DEFAULT",
}
# The same file must give the same rows on every machine and day, and a mapping has no business with
# the state of the session.
_REFUSED_FUNCTIONS: Final = frozenset(
    {
        "now", "today", "random", "setseed", "uuid", "gen_random_uuid", "uuidv4", "uuidv7",
        "get_current_time", "get_current_timestamp", "current_date", "current_time",
        "current_timestamp", "current_localtime", "current_localtimestamp", "transaction_timestamp",
        "current_setting", "current_user", "current_query", "current_database", "current_schema",
        "current_schemas", "getvariable", "nextval", "currval", "txid_current", "version",
        "unnest", "error", "sleep_ms",
    }
)  # fmt: skip


class ExpressionError(ValueError):
    """A text is no expression over the columns of one row."""


@lru_cache(maxsize=4096)
def columns_of(expression: str) -> frozenset[str]:
    """Return the columns that a DuckDB scalar expression uses.

    Raises:
        ExpressionError: the text is not exactly one scalar expression, or uses something that is
            not a function of the row (a subquery, a window, the clock, a random number).
    """
    node = _only_node(expression)
    used: set[str] = set()
    bound: set[str] = set()
    for item in _walk(node):
        kind = str(item.get("class", ""))
        if kind in _REFUSED_CLASSES:
            raise ExpressionError(f"{_REFUSED_CLASSES[kind]} is not allowed: {expression}")
        if kind == "FUNCTION" and str(item.get("function_name", "")).lower() in _REFUSED_FUNCTIONS:
            raise ExpressionError(
                f"the function {item['function_name']} is not allowed: {expression}"
            )
        if kind == "LAMBDA":
            bound |= {
                str(lhs["column_names"][-1])
                for lhs in _walk(item.get("lhs"))
                if lhs.get("class") == "COLUMN_REF"
            }
        if kind == "COLUMN_REF":
            used.add(".".join(item["column_names"]))
    return frozenset(used - bound) if "lambda" in expression.lower() else frozenset(used)


@lru_cache(maxsize=1)
def _parser() -> duckdb.DuckDBPyConnection:
    """Open the session that only parses; made at first use, since opening one takes 10 ms."""
    return duckdb.connect(":memory:")


def _only_node(expression: str) -> dict[str, Any]:
    """Parse the text as the one item of a bare SELECT."""
    cursor = _parser().cursor()
    row = cursor.execute("select json_serialize_sql(?)", [f"SELECT {expression}"]).fetchone()
    parsed = json.loads(row[0]) if row else {"error": True}
    if parsed["error"]:
        raise ExpressionError(
            f"not a SQL expression ({parsed.get('error_message', 'unreadable')}): {expression}"
        )
    statements = parsed["statements"]
    node = statements[0]["node"] if len(statements) == 1 else {}
    bare = (
        node.get("type") == "SELECT_NODE"
        and len(node["select_list"]) == 1
        and not node["select_list"][0].get("alias")
        and node["from_table"]["type"] == "EMPTY"
        and not any(
            node.get(part)
            for part in (
                "modifiers", "where_clause", "group_expressions", "having", "sample", "qualify",
            )
        )
        and not node["cte_map"]["map"]
    )  # fmt: skip
    if not bare:
        raise ExpressionError(f"not a single scalar expression: {expression}")
    found: dict[str, Any] = node["select_list"][0]
    return found


def _walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value)
