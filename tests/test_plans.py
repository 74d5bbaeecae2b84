"""Kept plans: the SQL of a fresh compile, whatever the values, and never in the way."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.compiling import build_engine
from pipelines.plans import PlanStore, drop_plans, filled
from pipelines.projections import on_projections
from pipelines.publishing import Publication, current_publication
from pipelines.semantics import SemanticLayer

CHANNEL_TYPE = "{{ Dimension('channel__channel_type') }}"
DAY = "{{ TimeDimension('metric_time', 'day') }}"
# Questions as people ask them, and as MetricFlow is asked.
QUESTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "several tables": (
        {"metrics": ["conversations_started", "messages_in", "replies"]},
        {"metric_names": ["conversations_started", "messages_in", "replies"]},
    ),
    "ratio over time": (
        {"metrics": ["answered_rate", "frt_p50"], "grain": "week"},
        {
            "metric_names": ["answered_rate", "frt_p50"],
            "group_by_names": ["metric_time__week"],
            "order_by_names": ["metric_time__week"],
        },
    ),
    "split": (
        {"metrics": ["replies", "reply_time_p90"], "by": ["agent"]},
        {
            "metric_names": ["replies", "reply_time_p90"],
            "group_by_names": ["agent__agent_name"],
            "order_by_names": ["agent__agent_name"],
        },
    ),
}
FILTERS: dict[str, tuple[tuple[str, str], ...]] = {
    "one value": (
        ("channel_type = telegram", f"{CHANNEL_TYPE} = 'telegram'"),
        ("channel_type = whatsapp", f"{CHANNEL_TYPE} = 'whatsapp'"),
    ),
    "list": (
        ("channel_type in (telegram, whatsapp)", f"{CHANNEL_TYPE} in ('telegram', 'whatsapp')"),
        ("channel_type in ('it''s')", f"{CHANNEL_TYPE} in ('it''s')"),
        ("channel_type in ($otvet_0, $otvet_1)", f"{CHANNEL_TYPE} in ('$otvet_0', '$otvet_1')"),
    ),
    "null": (
        ("channel_type is null", f"{CHANNEL_TYPE} is null"),
        ("channel_type is not null", f"{CHANNEL_TYPE} is not null"),
    ),
}
PERIODS = ((date(2020, 1, 1), date(2035, 12, 31)), (date(2024, 2, 29), date(2024, 2, 29)))


@pytest.fixture
def publication(demo_home: Path, tmp_path: Path) -> Publication:
    """The published version of the demo company, in a folder without plans."""
    found = current_publication(demo_home / "published")
    folder = tmp_path / "v" / found.version
    shutil.copytree(found.folder, folder)
    return Publication(found.version, folder)


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS.keys())
@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_plan_with_values_is_the_sql_of_a_fresh_compile(
    publication: Publication,
    question: tuple[dict[str, Any], dict[str, Any]],
    filters: tuple[tuple[str, str], ...],
) -> None:
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    asked, request = question
    layer = SemanticLayer(publication)
    for where, constraint in filters:
        for start, end in PERIODS:
            answer = layer.ask(**asked, where=[where], start=start, end=end)
            days = [f"{DAY} >= '{start.isoformat()}'", f"{DAY} <= '{end.isoformat()}'"]
            engine = build_engine(publication.manifest.read_text(encoding="utf-8"))
            compiled = engine.explain(
                MetricFlowQueryRequest.create(**request, where_constraints=[constraint, *days])
            )
            tables = {
                model["node_relation"]["alias"]
                for model in json.loads(publication.manifest.read_text())["semantic_models"]
            }
            assert answer.sql == on_projections(compiled.sql_statement.sql, tables, tables)


def test_kept_plans_answer_without_the_engine(
    publication: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {"metrics": ["frt_p50"], "by": ["channel"], "start": date(2020, 1, 1)}
    first = SemanticLayer(publication).ask(**asked, where=["channel_type = telegram"])
    monkeypatch.setattr("pipelines.compiling.build_engine", None)
    layer = SemanticLayer(publication)
    assert layer.ask(**asked, where=["channel_type = telegram"]).rows == first.rows
    other = layer.ask(**asked, where=["channel_type = nothing"])
    assert other.rows == []
    assert "'nothing'" in other.sql


def test_another_manifest_or_a_damaged_plan_is_compiled_again(publication: Publication) -> None:
    asked: dict[str, Any] = {"metrics": ["conversations_started"]}
    first = SemanticLayer(publication).ask(**asked)
    [kept] = publication.plans.glob("*/*.json")
    kept.write_text(kept.read_text(encoding="utf-8")[:40], encoding="utf-8")
    assert SemanticLayer(publication).ask(**asked).rows == first.rows
    assert json.loads(kept.read_text(encoding="utf-8"))["columns"]
    manifest = json.loads(publication.manifest.read_text(encoding="utf-8"))
    publication.manifest.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    SemanticLayer(publication).ask(**asked)
    assert len(list(publication.plans.iterdir())) == 2


def test_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    store = PlanStore(tmp_path / "file" / "plans")
    made = []

    def make() -> dict[str, Any]:
        made.append(1)
        return {"sql": "select 1"}

    assert store.get(["a"], make) == {"sql": "select 1"}
    assert store.get(["a"], make) == {"sql": "select 1"}
    assert made == [1]


def test_marks_inside_values_stay() -> None:
    assert filled("a = $otvet_0 and b = $otvet_1", ["'$otvet_1'", "'x'"]) == (
        "a = '$otvet_1' and b = 'x'"
    )
    assert filled("$otvet_1, $otvet_10", [str(n) for n in range(11)]) == "1, 10"


def test_plans_of_old_manifests_go(tmp_path: Path) -> None:
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "plan.json").write_text("{}", encoding="utf-8")

        os.utime(folder, (number, number))
    drop_plans(tmp_path, keep=2)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["3", "4"]


def test_a_period_reads_its_own_part_of_a_table(publication: Publication) -> None:
    """Days are compared as they are: what is computed from a column hides its range."""
    layer = SemanticLayer(publication)
    plain = [info for info in layer.catalogue.values() if not (info.window or info.is_composed)]
    read = set()
    with publication.connect() as connection:
        [(middle,)] = connection.execute(
            "select cast(median(started_local_date) as date) from fct_conversations"
        ).fetchall()
        start, end = middle - timedelta(days=2), middle + timedelta(days=2)
        for info in plain:
            sql = layer.sql([info.id], start=start, end=end)
            assert "DATE_TRUNC('day'" not in sql, info.id
            if info.denominator_window:
                continue
            [(_, plan)] = connection.execute(f"explain (format json) {sql}").fetchall()
            for scan in _scans(json.loads(plan)):
                # DuckDB 2.0 writes what 1.5 writes with spaces.
                filters = str(scan["extra_info"].get("Filters")).replace(" ", "")
                assert f">='{start}'" in filters, (info.id, scan)
                assert f"<='{end}'" in filters, (info.id, scan)
                read.add(scan["extra_info"]["Table"].rpartition(".")[2])
    assert {"fct_conversations", "fct_messages", "fct_replies"} <= read


def test_what_parts_of_a_query_share_is_not_written_to_memory(publication: Publication) -> None:
    layer = SemanticLayer(publication)
    shared = ["conversations_started", "answered_rate"]
    sql = layer.sql(shared, where=["channel_type = telegram"], grain="month")
    assert sql.count("_cte AS NOT MATERIALIZED (") == sql.count("_cte AS ") > 0
    with publication.connect() as connection:
        [(_, plan)] = connection.execute(f"explain (format json) {sql}").fetchall()
    assert '"name": "CTE' not in plan
    assert len(list(_scans(json.loads(plan)))) == 4  # each part reads its table and the channels


def _scans(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        if "Table" in (node.get("extra_info") or {}):
            yield node
        yield from _scans(node.get("children") or [])


def test_every_time_dimension_is_a_date(publication: Publication) -> None:
    """The engine leaves days as they are, so nothing finer than a day may stand there."""
    manifest = json.loads(publication.manifest.read_text(encoding="utf-8"))
    with publication.connect() as connection:
        for model in manifest["semantic_models"]:
            table = model["node_relation"]["alias"]
            for dimension in model["dimensions"]:
                if dimension["type"] == "time":
                    column = dimension["expr"] or dimension["name"]
                    [row] = connection.execute(f"describe select {column} from {table}").fetchall()
                    assert row[1] == "DATE", (table, column)
