"""The published version: written, audited, switched."""

import json

import dagster as dg

from pipelines.defs.resources import WAREHOUSE_POOL
from pipelines.lib.dbt_project import read_check_results
from pipelines.lib.progress import step
from pipelines.lib.release import release
from pipelines.quality import audit_publication
from pipelines.settings import load_settings


@dg.asset(
    key=["published", "analytics"],
    deps=[dg.AssetKey(["marts", "fct_conversations"])],
    group_name="published",
    pool=WAREHOUSE_POOL,
    kinds={"duckdb"},
)
def publication() -> dg.MaterializeResult[None]:
    """A read-only version of the marts; readers switch to it when they next ask."""
    settings = load_settings()
    checks = read_check_results(settings.dbt_target)
    results = json.loads((settings.dbt_target / "run_results.json").read_text(encoding="utf-8"))
    now = results["args"]["vars"]["as_of"]
    step("checking and publishing")
    published = release(settings, now=now, checks=checks, audit=audit_publication)
    step(f"published version {published.version}")
    return dg.MaterializeResult(metadata={"version": published.version, "checks": len(checks)})
