"""The published version: written, audited, switched."""

from collections.abc import Iterator

import dagster as dg

from pipelines.defs.quality.checks import CHECK_NAME, check_result, tell
from pipelines.defs.resources import WAREHOUSE_POOL, warehouse_turn
from pipelines.defs.transform.assets import models
from pipelines.lib.dbt_project import CheckResult, read_check_results
from pipelines.lib.first_views import prepare_views
from pipelines.lib.increments import moment_of_build
from pipelines.lib.progress import step
from pipelines.lib.release import release
from pipelines.publishing import SCHEMA, Publication
from pipelines.quality import audit_publication, last_raw_checks
from pipelines.settings import Settings

KEY = ["published", "analytics"]


@dg.asset(
    key=KEY,
    deps=[key for key in models.keys if key.path[0] == SCHEMA],
    group_name="published",
    pool=WAREHOUSE_POOL,
    kinds={"duckdb"},
    check_specs=[
        dg.AssetCheckSpec(
            CHECK_NAME,
            asset=KEY,
            description="Suites of the published tables; a critical failure keeps the old version.",
        )
    ],
)
def publication() -> Iterator[dg.MaterializeResult[None]]:
    """A read-only version of the marts; readers switch to it when they next ask."""
    with warehouse_turn() as settings:
        yield _publish(settings)


def _publish(settings: Settings) -> dg.MaterializeResult[None]:
    checks = [*last_raw_checks(settings), *read_check_results(settings.dbt_target)]
    audited: list[CheckResult] = []

    def audit(version: Publication) -> list[CheckResult]:
        audited.extend(audit_publication(version, settings=settings))
        return audited

    step("checking and publishing")
    published = release(
        settings,
        now=moment_of_build(settings),
        checks=checks,
        audit=audit,
        prepare=lambda version: prepare_views(settings, version),
    )
    tell(audited)
    step(f"published version {published.version}")
    return dg.MaterializeResult(
        metadata={"version": published.version, "checks": len(checks) + len(audited)},
        check_results=[check_result(settings, KEY, audited)],
    )
