"""Great Expectations on raw and published tables.

`check_raw` runs after loading and before the models, `audit_publication` on a written version
before it becomes current. A failed critical expectation is a result of status `fail` and stops
what comes next, a failed warning has status `warn` and is only shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.durable import write_whole
from pipelines.lib.dbt_project import CheckResult
from pipelines.lib.expectations_catalog import PUBLISHED_SUITES, RAW_SUITES, SuiteSpec
from pipelines.lib.expectations_measures import (
    count_by_source,
    measure,
    open_reading,
    table_exists,
)
from pipelines.lib.expectations_validation import validate
from pipelines.publishing import NothingPublishedError, Publication, current_publication
from pipelines.settings import Settings


def data_docs(settings: Settings) -> Path:
    """Return the index page of the Data Docs of this home; it exists after the first check."""
    return settings.home / "data_docs" / "index.html"


def check_raw(
    settings: Settings, tables: Sequence[str] | None = None, *, with_docs: bool = True
) -> list[CheckResult]:
    """Check the raw tables of the warehouse and write their Data Docs.

    Args:
        tables: `schema.table` names of the suites to run; all by default.
        with_docs: whether to write Data Docs; they take most of the time.

    Returns:
        One result per expectation; a table without rows gives a single `pass`.
    """
    specs = [spec for spec in RAW_SUITES if tables is None or spec.table in tables]
    now = max(datetime.now(tz=UTC), _as_of(settings))
    with _open(settings.warehouse, settings) as connection:
        batches = [measure(connection, spec, now) for spec in specs]
    results = validate(batches, settings.home / "data_docs" / "raw" if with_docs else None)
    _results_file(settings).parent.mkdir(exist_ok=True)
    found = json.dumps([asdict(result) for result in results], ensure_ascii=False)
    write_whole(_results_file(settings), found)
    return results


def last_raw_checks(settings: Settings) -> list[CheckResult]:
    """Return what the last `check_raw` of this home found, for the record of the publication."""
    path = _results_file(settings)
    if not path.exists():
        return []
    return [CheckResult(**item) for item in json.loads(path.read_text(encoding="utf-8"))]


def audit_publication(
    publication: Publication,
    *,
    settings: Settings | None = None,
    tables: Sequence[str] | None = None,
    with_docs: bool = True,
) -> list[CheckResult]:
    """Check the written version before it becomes current.

    Args:
        settings: of the home; with them the version is compared with the raw tables and with the
            version before, and Data Docs are written. Without them only the file itself is judged.
        tables: `marts.table` names of the suites to run; all by default.
        with_docs: whether to write Data Docs.
    """
    specs = [spec for spec in PUBLISHED_SUITES if tables is None or spec.table in tables]
    previous = _previous(publication)
    with _open(publication.database, settings) as connection:
        now = _published_now(connection)
        batches = [
            measure(
                connection,
                spec,
                now,
                expected=_expected(connection, spec, settings),
                previous=_counts_before(previous, spec, settings),
            )
            for spec in specs
        ]
    if settings is None or not with_docs:
        return validate(batches)
    return validate(batches, settings.home / "data_docs" / "published")


def _results_file(settings: Settings) -> Path:
    return settings.home / "data_docs" / "raw_checks.json"


def _open(path: Path, settings: Settings | None) -> duckdb.DuckDBPyConnection:
    if settings is None:
        return open_reading(path, memory_limit="2GB", threads=2)
    resources = settings.project.resources
    return open_reading(path, memory_limit=resources.memory_limit, threads=resources.threads)


def _as_of(settings: Settings) -> datetime:
    if settings.as_of is None:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.fromisoformat(settings.as_of).astimezone(UTC)


def _published_now(connection: duckdb.DuckDBPyConnection) -> datetime:
    """Return the later of the moment of the build and the instant that stood for it."""
    now = datetime.now(tz=UTC)
    if not table_exists(connection, "marts.meta_publication"):
        return now
    row = connection.execute("select epoch(max(as_of)) from marts.meta_publication").fetchone()
    return now if row is None or row[0] is None else max(now, datetime.fromtimestamp(row[0], UTC))


def _expected(
    connection: duckdb.DuckDBPyConnection, spec: SuiteSpec, settings: Settings | None
) -> dict[str, int]:
    if spec.expected is None:
        return {}
    if spec.expected.where == "published":
        return count_by_source(connection, spec.expected.sql)
    if settings is None:
        return {}
    with _open(settings.warehouse, settings) as warehouse:
        if not all(table_exists(warehouse, table) for table in spec.expected.needs):
            return {}
        return count_by_source(warehouse, spec.expected.sql)


def _previous(publication: Publication) -> Publication | None:
    """Return the version that is current while this one is audited."""
    try:
        current = current_publication(publication.folder.parent.parent)
    except NothingPublishedError:
        return None
    return current if current.version != publication.version else None


def _counts_before(
    previous: Publication | None, spec: SuiteSpec, settings: Settings | None
) -> dict[str, int]:
    if previous is None or spec.source_column is None:
        return {}
    with _open(previous.database, settings) as connection:
        if not table_exists(connection, spec.table):
            return {}
        source = spec.source_column
        return count_by_source(
            connection, f"select {source}, count(*) from {spec.table} group by {source}"
        )
