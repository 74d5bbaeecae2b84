"""Exact measures of a table, computed by DuckDB in one go and handed on as two small frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from pipelines.lib.expectations_catalog import EXPECTATIONS_DIR, SuiteSpec

if TYPE_CHECKING:
    import pandas as pd

# Codes are few; more combinations than this are a column that holds something else.
MAX_CATEGORIES: Final = 10_000
# A share of fewer rows of the version before says nothing about a loss.
_LEAST_FOR_COMPARISON: Final = 20

# `Pseudonymizer.mask` would have replaced every text that the first two patterns find: they are
# narrower than its finders, so that a masked text can never stop a publication.
_ADDRESS: Final = r"[A-Za-z0-9][A-Za-z0-9.+_-]*@[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"
EMAIL_PATTERN: Final = rf'(^|[\s,;:!?()<>"|]){_ADDRESS}'
PHONE_PATTERN: Final = r"(^|\s)\+[1-9][0-9]{9,13}($|[\s,;!?])"
# Wider than the mask in places (addresses glued together, digits that follow a number), hence
# never blocking.
SUSPECT_PATTERN: Final = (
    rf"{_ADDRESS}|(^|\s)(8|\+?7)[ -]?\(?9[0-9]{{2}}\)?[ -]?[0-9]{{3}}[ -]?[0-9]{{2}}[ -]?[0-9]{{2}}"
    r"($|[\s,;!?])"
)
PSEUDONYM_PATTERN: Final = r"[a-z_]+_[0-9a-f]{20}"

MACROS: Final = (
    # Null below the least number of rows: too little to judge, and Great Expectations skips nulls.
    "share(part, whole, least) as case when whole >= least and whole > 0 then part / whole end",
    f"has_email(t) as coalesce(regexp_matches(t, '{EMAIL_PATTERN}'), false)",
    f"has_phone(t) as coalesce(regexp_matches(t, '{PHONE_PATTERN}'), false)",
    f"is_suspect(t) as coalesce(regexp_matches(t, '{SUSPECT_PATTERN}'), false)",
    f"is_pseudonym(v) as coalesce(regexp_full_match(v, '{PSEUDONYM_PATTERN}'), true)",
)


@dataclass
class Frames:
    """What expectations of one table look at; `problem` says why there is nothing to look at."""

    spec: SuiteSpec
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    row_count: int = 0
    problem: str | None = None
    is_missing: bool = False


def open_reading(path: Path, *, memory_limit: str, threads: int) -> duckdb.DuckDBPyConnection:
    """Open a file for reading in UTC, with the macros that measures use."""
    connection = duckdb.connect(
        str(path), read_only=True, config={"memory_limit": memory_limit, "threads": threads}
    )
    connection.execute("set TimeZone = 'UTC'")
    for macro in MACROS:
        connection.execute(f"create temp macro {macro}")
    return connection


def count_by_source(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, int]:
    """Return rows by source; one source may come from several tables."""
    counts: dict[str, int] = {}
    for source, rows in connection.execute(sql).fetchall():
        counts[source] = counts.get(source, 0) + int(rows)
    return counts


def table_exists(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Say whether `schema.table` is there."""
    found = connection.execute(
        "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
        table.split("."),
    ).fetchone()
    return found is not None


def measure(
    connection: duckdb.DuckDBPyConnection,
    spec: SuiteSpec,
    now: datetime,
    *,
    expected: Mapping[str, int] | None = None,
    previous: Mapping[str, int] | None = None,
) -> Frames:
    """Compute the frames of a table.

    Args:
        now: instants more than a day later lie in the future.
        expected: rows by source that prove that the table cannot be empty for that source.
        previous: rows by source in the version before.
    """
    result = Frames(spec)
    if not table_exists(connection, spec.table):
        result.is_missing = True
        result.problem = f"there is no table {spec.table}"
        return result
    try:
        sources = connection.execute(_measures_sql(spec, now)).df()
        if spec.categories:
            result.frames["categories"] = connection.execute(_categories_sql(spec)).df()
    except duckdb.Error as error:
        # The first line names column or function; the rest repeats the statement.
        result.problem = f"cannot be measured: {str(error).splitlines()[0]}"
        return result
    result.row_count = int(sources["row_count"].sum())
    result.frames["sources"] = _with_comparison(sources, expected or {}, previous)
    return result


def _with_comparison(
    sources: pd.DataFrame, expected: Mapping[str, int], previous: Mapping[str, int] | None
) -> pd.DataFrame:
    import pandas as pd

    present = dict(zip(sources["source"], sources["row_count"], strict=True))
    lost = [name for name, rows in sorted(expected.items()) if rows and name not in present]
    before = {n: r for n, r in (previous or {}).items() if r >= _LEAST_FOR_COMPARISON}
    # Gone on purpose or not: only `kept_share` judges a source that the raw tables do not hold.
    gone = [name for name in sorted(before) if name not in present and name not in lost]
    extra = pd.DataFrame(
        {"source": [*lost, *gone], "row_count": [*(0.0 for _ in lost), *(None for _ in gone)]}
    )
    numbers = [column for column in sources.columns if column != "source"]
    # An empty table has columns of no type, which Great Expectations would not compare.
    sources = pd.concat([sources, extra.reindex(columns=sources.columns)], ignore_index=True)
    sources = sources.astype(dict.fromkeys(numbers, "float64"))
    kept = [
        present.get(name, 0) / before[name] if name in before else None
        for name in sources["source"]
    ]
    return sources.assign(
        kept_share=pd.array(kept, dtype="Float64").to_numpy("float64", na_value=float("nan"))
    )


def _measures_sql(spec: SuiteSpec, now: datetime) -> str:
    folder = EXPECTATIONS_DIR / "measures"
    sql = (folder / f"{spec.measures}.sql").read_text(encoding="utf-8")
    values = {
        "rhythm": (folder / "_rhythm.sql").read_text(encoding="utf-8").strip(),
        "freshness": (folder / "_freshness.sql").read_text(encoding="utf-8").strip(),
        "table": spec.table,
        "now": f"timestamptz '{now.isoformat()}'",
        # Clocks of phones run a few hours ahead at most.
        "latest": f"(timestamptz '{now.isoformat()}' + interval 1 day)",
        "oldest": "timestamptz '1990-01-01 00:00:00+00'",
    }
    for name, value in values.items():
        sql = sql.replace("{{ " + name + " }}", value)
    return sql


def _categories_sql(spec: SuiteSpec) -> str:
    columns = ", ".join(spec.categories)
    return (
        f"select {spec.source_column} as source, {columns}, count(*) as row_count"
        f" from {spec.table} group by {spec.source_column}, {columns}"
        f" order by {spec.source_column}, {columns} limit {MAX_CATEGORIES}"
    )
