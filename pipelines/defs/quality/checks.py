"""Great Expectations on the raw tables, as asset checks that stop the models."""

from collections.abc import Iterator

import dagster as dg

from pipelines.defs.resources import WAREHOUSE_POOL, warehouse_turn
from pipelines.lib.dbt_project import CheckResult
from pipelines.lib.expectations_catalog import RAW_SUITES
from pipelines.lib.progress import step
from pipelines.quality import check_raw, data_docs
from pipelines.settings import Settings

CHECK_NAME = "great_expectations"


def check_metadata(settings: Settings, results: list[CheckResult]) -> dict[str, dg.MetadataValue]:
    """Return counts, what was found and the way to the Data Docs."""
    found = [f"{item.status}: {item.name}: {item.detail}" for item in results if item.detail]
    return {
        "expectations": dg.MetadataValue.int(len(results)),
        "found": dg.MetadataValue.md("\n".join(f"- {line}" for line in found) or "nothing"),
        "data_docs": dg.MetadataValue.url(data_docs(settings).as_uri()),
    }


def check_result(
    settings: Settings, asset_key: list[str], results: list[CheckResult]
) -> dg.AssetCheckResult:
    """Sum up the expectations of one table: any `fail` is an error and blocks, `warn` is shown."""
    failed = any(item.status == "fail" for item in results)
    return dg.AssetCheckResult(
        asset_key=asset_key,
        check_name=CHECK_NAME,
        passed=all(item.status == "pass" for item in results),
        severity=dg.AssetCheckSeverity.ERROR if failed else dg.AssetCheckSeverity.WARN,
        metadata=check_metadata(settings, results),
    )


def tell(results: list[CheckResult]) -> None:
    """Tell those who wait about failures in full and about warnings by number."""
    for item in results:
        if item.status == "fail":
            step(f"failed: {item.target}: {item.name}: {item.detail}")
    warned = sorted({item.target for item in results if item.status == "warn"})
    if warned:
        step(f"warnings in {', '.join(warned)}: see the Data Docs and meta_checks")


@dg.multi_asset_check(
    name="raw_checks",
    specs=[
        dg.AssetCheckSpec(
            CHECK_NAME,
            asset=spec.asset_key,
            blocking=True,
            description=f"Volume, ranges, closed lists and privacy: suite {spec.table}.",
            # The company's tables come last: with them everything is loaded.
            additional_deps=[dg.AssetKey(["raw_otvet", "source_rules"])],
        )
        for spec in RAW_SUITES
    ],
    pool=WAREHOUSE_POOL,
)
def raw_checks() -> Iterator[dg.AssetCheckResult]:
    """Check what was loaded before the models are built on it."""
    step("checking what was loaded")
    with warehouse_turn() as settings:
        results = check_raw(settings)
    tell(results)
    for spec in RAW_SUITES:
        found = [item for item in results if item.target == spec.table]
        yield check_result(settings, spec.asset_key, found)
