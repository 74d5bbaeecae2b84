"""What Dagster is given: assets, lineage, pools; nothing of it needs an environment."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.lib.dbt_manifest import ensure_manifest
from pipelines.lib.raw_tables import CRM_TABLES, DATASETS
from tests.conftest import ROOT

PUBLISHED = dg.AssetKey(["published", "analytics"])
STATE = dg.AssetKey(["intermediate", "int_build_state"])


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    from pipelines.definitions import defs as loaded

    return loaded


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(ensure_manifest().read_text(encoding="utf-8"))
    return content


def model_keys(manifest: dict[str, Any]) -> set[dg.AssetKey]:
    return {
        dg.AssetKey([node["schema"], node["name"]])
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed", "snapshot")
        and node["config"]["materialized"] != "ephemeral"
    }


def source_keys(manifest: dict[str, Any]) -> set[dg.AssetKey]:
    return {
        dg.AssetKey([node["source_name"], node["name"]]) for node in manifest["sources"].values()
    }


def test_definitions_load_with_an_empty_environment_and_write_nothing(tmp_path: Path) -> None:
    ensure_manifest()  # parsing the project is the one thing that loading may do
    code = """
        import sys
        sys.path.insert(0, sys.argv[1])
        from pipelines.definitions import defs
        print(len(list(defs.resolve_asset_graph().get_all_asset_keys())))
        """
    loaded = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(ROOT)],
        check=False, capture_output=True, text=True, cwd=tmp_path, env={},
    )  # fmt: skip

    assert loaded.returncode == 0, loaded.stderr
    assert int(loaded.stdout.split()[-1]) > 50
    assert list(tmp_path.iterdir()) == []


def test_asset_keys_are_the_expected_ones(defs: dg.Definitions, manifest: dict[str, Any]) -> None:
    raw = {
        dg.AssetKey([f"raw_{kind}", entity])
        for kind, entities in DATASETS.items()
        for entity in entities
    } | {
        dg.AssetKey([f"raw_{kind}", table])
        for kind, tables in CRM_TABLES.items()
        for table in tables
    }
    company = {
        dg.AssetKey(["raw_otvet", name])
        for name in (
            "roster",
            "channels",
            "business_calendar",
            "exchange_rates",
            "identity_rules",
            "source_rules",
            "crm_fields",
            "crm_reads",
        )
    }
    graph = defs.resolve_asset_graph()

    assert set(graph.get_all_asset_keys()) == raw | company | model_keys(manifest) | {PUBLISHED}
    assert set(graph.executable_asset_keys) == set(graph.get_all_asset_keys())


def test_every_dbt_source_is_produced_by_an_asset(
    defs: dg.Definitions, manifest: dict[str, Any]
) -> None:
    sources = source_keys(manifest)

    assert len(sources) > 10
    assert sources - set(defs.resolve_asset_graph().materializable_asset_keys) == set()


def test_lineage_leads_from_raw_to_the_publication(
    defs: dg.Definitions, manifest: dict[str, Any]
) -> None:
    graph = defs.resolve_asset_graph()
    upstream: set[dg.AssetKey] = set()
    waiting = [PUBLISHED]
    while waiting:
        for parent in graph.get(waiting.pop()).parent_keys - upstream:
            upstream.add(parent)
            waiting.append(parent)

    marts = {key for key in model_keys(manifest) if key.path[0] == "marts"}
    assert len(marts) > 10
    assert graph.get(PUBLISHED).parent_keys == marts
    assert source_keys(manifest) - upstream == set()
    # A model that no mart needs would be built for nobody; the next build needs this one.
    assert model_keys(manifest) - upstream == {STATE}
    roots = {key for key in upstream if not graph.get(key).parent_keys}
    generated = {key for key in roots if key in model_keys(manifest)}
    assert {key.path[0] for key in roots - generated} == {
        "raw_telegram_export", "raw_whatsapp_export", "raw_tabular", "raw_amocrm",
        "raw_bitrix24", "raw_hubspot", "raw_otvet",
    }  # fmt: skip


def test_state_of_a_build_is_written_after_everything_else(manifest: dict[str, Any]) -> None:
    parents, upstream = manifest["parent_map"], set()
    waiting = ["model.otvet.int_build_state"]
    while waiting:
        for parent in set(parents[waiting.pop()]) - upstream:
            upstream.add(parent)
            waiting.append(parent)

    models = {name for name in manifest["nodes"] if name.startswith("model.")}
    assert models - upstream == {"model.otvet.int_build_state"}


@pytest.mark.parametrize("job", ["main_job", "build_job", "inbox_job"])
def test_every_step_takes_its_turn_in_the_warehouse(defs: dg.Definitions, job: str) -> None:
    nodes = defs.resolve_job_def(job).graph.node_defs

    assert nodes
    for node in nodes:
        assert isinstance(node, dg.OpDefinition)
        assert node.pool == "warehouse", node.name


def test_build_job_leaves_extraction_out(defs: dg.Definitions) -> None:
    steps = {node.name for node in defs.resolve_job_def("build_job").graph.node_defs}

    assert steps == {"load_company_state", "raw_checks", "models", "published__analytics"}


def test_schedule_and_sensors_run_without_a_click(defs: dg.Definitions) -> None:
    repository = defs.get_repository_def()

    assert {schedule.name: schedule.default_status for schedule in repository.schedule_defs} == {
        "main_job_schedule": dg.DefaultScheduleStatus.RUNNING
    }
    assert {sensor.name: sensor.default_status for sensor in repository.sensor_defs} == {
        "inbox_sensor": dg.DefaultSensorStatus.RUNNING,
        "inbox_build_sensor": dg.DefaultSensorStatus.RUNNING,
    }
