"""What goes into a publication beside the marts, and the audit before it becomes current."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from typing import Any

import duckdb

from pipelines import publishing
from pipelines.lib.dbt_project import DEFINITION_VERSION, CheckResult
from pipelines.settings import Settings

Audit = Callable[[publishing.Publication], list[CheckResult]]


def release(
    settings: Settings,
    *,
    now: str,
    checks: Sequence[CheckResult],
    audit: Audit,
    prepare: Callable[[publishing.Publication], None] = lambda _: None,
) -> publishing.Publication:
    """Publish the marts of the warehouse as a new version.

    Args:
        now: the instant that stood for "now" in the build.
        checks: outcomes of the build's checks, kept in `meta_checks`.
        audit: checks of the written file; any `fail` keeps the old version.
        prepare: works out what readers will want first, before the version becomes current.

    Raises:
        publishing.AuditFailedError: a blocking check of the new version failed.
    """
    version = publishing.new_version_name()

    def judge(publication: publishing.Publication) -> None:
        results = audit(publication)
        failed = [result for result in results if result.status == "fail"]
        if failed:
            raise publishing.AuditFailedError(
                "Not published: "
                + "; ".join(f"{item.target}: {item.name} ({item.detail})" for item in failed[:5])
            )
        _append_checks(publication, results)

    return publishing.publish(
        settings.warehouse,
        settings.published,
        semantic_manifest=settings.dbt_target / "semantic_manifest.json",
        meta_tables=_meta_tables(settings, version, now, checks),
        audit=judge,
        prepare=prepare,
        version=version,
        memory_limit=settings.project.resources.memory_limit,
    )


def _meta_tables(
    settings: Settings, version: str, now: str, checks: Sequence[CheckResult]
) -> dict[str, Sequence[dict[str, Any]]]:
    counts = {
        status: sum(1 for check in checks if check.status == status)
        for status in ("pass", "warn", "fail")
    }
    publication = {
        "version": version,
        "built_at": datetime.now(tz=UTC),
        "as_of": datetime.fromisoformat(now),
        "code_version": installed_version("otvet"),
        "definition_version": DEFINITION_VERSION,
        "company_name": settings.project.company.name,
        "company_time_zone": settings.project.company.time_zone,
        "company_currency": settings.project.company.currency,
        "first_response_target_seconds": int(settings.project.targets.first_response_minutes * 60),
        "freshness": json.dumps(_last_messages(settings)),
        "check_results": json.dumps(counts),
    }
    ran = list(checks) or [CheckResult("no_checks_ran", "dbt", "", "warn", None)]
    return {
        "meta_publication": [publication],
        "meta_checks": [asdict(check) for check in ran],
    }


def _last_messages(settings: Settings) -> dict[str, str]:
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        rows = connection.execute(
            "select source_slug, last_message_at from marts.meta_freshness order by source_slug"
        ).fetchall()
    return {source_slug: str(last_message_at) for source_slug, last_message_at in rows}


def _append_checks(publication: publishing.Publication, results: Sequence[CheckResult]) -> None:
    if not results:
        return
    with duckdb.connect(str(publication.database)) as connection:
        connection.executemany(
            "insert into marts.meta_checks values (?, ?, ?, ?, ?)",
            [[r.name, r.kind, r.target, r.status, r.detail] for r in results],
        )
        counts = connection.execute(
            "select count(*) filter (status = 'pass'), count(*) filter (status = 'warn'),"
            " count(*) filter (status = 'fail') from marts.meta_checks"
        ).fetchone()
        connection.execute(
            "update marts.meta_publication set check_results = ?",
            [json.dumps(dict(zip(("pass", "warn", "fail"), counts or (), strict=False)))],
        )
        connection.execute("checkpoint")
