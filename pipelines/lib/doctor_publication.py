"""Doctor's look at the published version, its checks and its quarantine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import duckdb

from pipelines.lib.dbt_project import read_failures
from pipelines.lib.findings import Finding
from pipelines.publishing import NothingPublishedError, current_publication
from pipelines.quality import last_raw_checks
from pipelines.settings import Settings, SourceConfig

# A daily run plus two hours for the run itself.
STALE: Final = timedelta(hours=26)
_SHOWN: Final = 3


@dataclass
class Published:
    """What the current version says of itself; `problem` where there is none to read."""

    version: str | None = None
    problem: Finding | None = None
    built_at: datetime | None = None
    freshness: dict[str, dict[str, Any]] = field(default_factory=dict)
    deals: dict[str, dict[str, Any]] = field(default_factory=dict)  # by source
    checks: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    authors: dict[str, tuple[int, int]] = field(default_factory=dict)  # source: unknown, all
    unrated: dict[str, int] = field(default_factory=dict)  # amounts without a rate, by currency


def read_published(settings: Settings) -> Published:
    """Read the tables about the current version."""
    try:
        publication = current_publication(settings.published)
    except NothingPublishedError as error:
        return Published(problem=Finding("warn", "publication", str(error)))
    published = Published(publication.version)
    try:
        with publication.connect() as connection:
            [about] = rows(connection, "select built_at from meta_publication")
            published.built_at = about["built_at"]
            published.freshness = {
                row["source_slug"]: row for row in rows(connection, "from meta_freshness")
            }
            published.deals = {row["source_slug"]: row for row in _deal_sources(connection)}
            published.checks = rows(connection, "from meta_checks where status <> 'pass'")
            published.rejected = rows(
                connection,
                "select source_slug, reason, remedy, sum(row_count) as row_count"
                " from meta_quarantine group by source_slug, reason, remedy"
                " order by row_count desc, source_slug, reason, remedy",
            )
            for row in rows(
                connection,
                "select source_slug, count(*) as messages,"
                " count(*) filter (where author_type = 'unknown') as unknown"
                " from fct_messages where author_type <> 'system' group by source_slug",
            ):
                published.authors[row["source_slug"]] = row["unknown"], row["messages"]
            published.unrated = unrated_amounts(connection)
    except (duckdb.Error, ValueError) as error:
        published.problem = Finding(
            "fail",
            "publication",
            f"version {publication.version} cannot be read ({first_line(error)}); "
            "`otvet rollback` goes back to the one before, `otvet run` makes a new one",
        )
    return published


def _deal_sources(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    known = rows(connection, "from duckdb_tables() where table_name = 'meta_deal_freshness'")
    # A version of older code has no such table.
    return rows(connection, "from meta_deal_freshness") if known else []


def unrated_amounts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return how many amounts of each currency have no exchange rate."""
    amounts = {
        "fct_payments": ("amount", "company_amount"),
        "fct_deals": ("amount", "company_amount"),
        "fct_costs": ("cost_amount", "company_cost_amount"),
    }
    # A version of before there were rates has no such columns.
    known = connection.execute(
        "select table_name from duckdb_columns() where column_name = 'company_amount'"
    ).fetchall()
    if ("fct_payments",) not in known:
        return {}
    parts = " union all ".join(
        f"select currency_code from {table} where {own} <> 0 and {company} is null"
        for table, (own, company) in amounts.items()
    )
    return dict(
        connection.execute(
            f"select currency_code, count(*) from ({parts}) group by 1 order by 1"
        ).fetchall()
    )


def publication_findings(
    settings: Settings, published: Published, now: datetime
) -> Iterator[Finding]:
    """Look at the current version: its age, its sources, what its checks and loads found."""
    yield from _last_run(settings)
    if published.problem is not None or published.built_at is None:
        if published.problem is not None:
            yield published.problem
        return
    age = now - published.built_at
    yield Finding(
        "warn" if settings.project.sources and age > STALE else "ok",
        "publication",
        f"version {published.version}, built {_ago(age)}",
    )
    configured = {source.name: source for source in settings.project.sources}
    for name, row in published.freshness.items():
        yield _freshness(name, row, configured.get(name), now)
    accounts = {crm.name for crm in settings.project.crm}
    for name, row in published.deals.items():
        if row["last_read_at"] is not None:
            yield _read_lately(name, row, name in accounts, now)
    if published.unrated:
        yield _unrated(settings, published)
    yield _checks(published)
    yield _rejected(published)


def _last_run(settings: Settings) -> Iterator[Finding]:
    """Say what stopped the last run: the version before it stays published."""
    stopped = [
        f"{item.target}: {item.name}: {item.detail}"
        for item in last_raw_checks(settings)
        if item.status == "fail"
    ] + read_failures(settings.dbt_target)
    if stopped:
        yield Finding(
            "fail",
            "last run",
            f"stopped by {_some(stopped)}; full report in {settings.home / 'data_docs'} and "
            f"{settings.logs}",
        )


def _freshness(
    name: str, row: dict[str, Any], source: SourceConfig | None, now: datetime
) -> Finding:
    last, loaded = row["last_message_at"], row["last_loaded_at"]
    message = (
        f"{row['message_count']:,} messages, the last of {last:%Y-%m-%d %H:%M} UTC, "
        f"new ones last loaded {_ago(now - loaded)}"
    )
    if source is not None and now - loaded > STALE:
        return Finding("warn", f"freshness {name}", f"{message}; put a newer export in its place")
    return Finding("ok", f"freshness {name}", message)


def _read_lately(name: str, row: dict[str, Any], is_configured: bool, now: datetime) -> Finding:
    read = row["last_read_at"]
    message = f"{row['deal_count']:,} deals, read up to {read:%Y-%m-%d %H:%M} UTC"
    if is_configured and now - read > STALE:
        return Finding("warn", f"freshness {name}", f"{message}; `otvet run` says what stops it")
    return Finding("ok", f"freshness {name}", message)


def _unrated(settings: Settings, published: Published) -> Finding:
    counts = [f"{count:,} of {currency}" for currency, count in published.unrated.items()]
    return Finding(
        "warn",
        "exchange rates",
        f"amounts without a rate are in no sum of money: {_some(counts)}; "
        f"add their rates to {settings.config_dir / 'exchange_rates.csv'}",
    )


def _checks(published: Published) -> Finding:
    failed = [row for row in published.checks if row["status"] == "fail"]
    names = [f"{row['target'] or row['kind']}: {row['name']}" for row in failed or published.checks]
    if failed:
        return Finding("fail", "checks", f"{len(failed)} failed: {_some(names)}")
    if names:
        return Finding("warn", "checks", f"{len(names)} warned: {_some(names)}")
    return Finding("ok", "checks", "all of the published version passed")


def _rejected(published: Published) -> Finding:
    count = sum(int(row["row_count"]) for row in published.rejected)
    if not count:
        return Finding("ok", "quarantine", "empty")
    reasons = [
        f"{row['source_slug']}: {row['reason']} ({int(row['row_count'])}): {row['remedy']}"
        for row in published.rejected
    ]
    return Finding(
        "warn", "quarantine", f"{count:,} rows or values were not taken: {_some(reasons)}"
    )


def _some(items: Sequence[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return "; ".join(items[:_SHOWN]) + more


def _ago(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    if hours < 1:
        return f"{max(hours * 60, 0):.0f} min ago"
    return f"{hours:.0f} h ago" if hours < 48 else f"{hours / 24:.0f} days ago"


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    """Run a query; rows as dicts."""
    result = connection.execute(sql)
    names = [item[0] for item in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def first_line(error: BaseException) -> str:
    """Return the part of an error that people read."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
