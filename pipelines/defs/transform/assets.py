"""The dbt project as assets; its tests are asset checks."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DbtCliInvocation,
    DbtCliResource,
    dbt_assets,
)
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from pipelines.defs.resources import WAREHOUSE_POOL, warehouse_turn
from pipelines.lib.dbt_manifest import ensure_manifest
from pipelines.lib.dbt_project import read_failures
from pipelines.lib.increments import plan_build
from pipelines.lib.progress import step
from pipelines.lib.run_options import RunOptions
from pipelines.settings import Settings


class OtvetDbtTranslator(DagsterDbtTranslator):
    """Asset keys: `[schema, model]` for models, `[raw_<slug>, <table>]` for sources."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Sources get the keys that ingestion uses, so that the graph is connected."""
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey([dbt_resource_props["source_name"], dbt_resource_props["name"]])
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Group by layer: staging, intermediate, marts."""
        return str(dbt_resource_props["fqn"][1])


@dbt_assets(
    manifest=ensure_manifest(),
    dagster_dbt_translator=OtvetDbtTranslator(),
    pool=WAREHOUSE_POOL,
    # Unit tests prove the code, not the data: they run in `make check`.
    exclude="resource_type:unit_test",
)
def models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """Build and test all models; a failed test of severity error stops what depends on it."""
    with warehouse_turn() as settings:
        yield from _build(settings, context, dbt)


def _build(
    settings: Settings, context: dg.AssetExecutionContext, dbt: DbtCliResource
) -> Iterator[Any]:
    options = RunOptions.of_tags(context.run.tags)
    build = plan_build(settings, full_refresh=options.full_refresh)
    what = "what changed" if build.full_because is None else f"all, {build.full_because}"
    step(f"building the models: {what}")
    os.environ.update(build.environment)
    arguments = ["build", *build.arguments]
    if build.unchanged and not context.is_subset:
        # Views stay, their tests run: what is selected is every node by itself.
        arguments += [*build.unchanged, "--indirect-selection", "empty"]
    invocation: DbtCliInvocation = dbt.cli(
        arguments,
        context=context,
        target_path=settings.dbt_target,
    )
    try:
        yield from invocation.stream()
    except DagsterDbtCliRuntimeError as error:
        problems = read_failures(settings.dbt_target) or [str(error)[:2000]]
        raise dg.Failure("; ".join(problems[:10])) from error
