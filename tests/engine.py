"""The project's own models on tables of a test: compiled by dbt once, run in memory per case.

What runs is the SQL that dbt compiled from the models, so a rule that is deleted from a model is
deleted here too. Only the inputs are replaced: the unioned messages and what configuration loads.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from filelock import FileLock

from pipelines.lib.business_calendar import CALENDAR
from pipelines.lib.company_config import read_company_config
from pipelines.lib.company_tables import CHANNELS, EXCHANGE_RATES, IDENTITY_RULES, ROSTER
from pipelines.lib.crm_loading import CRM_FIELDS, CRM_READS
from pipelines.lib.dbt_manifest import BUILD_MODE, DBT_EXECUTABLE
from pipelines.lib.raw_tables import CRM_TABLES, DATASETS
from pipelines.lib.text_rules import courtesy_pattern, question_pattern, start_pattern
from pipelines.lib.who_is_us import SOURCE_RULES
from pipelines.settings import DBT_PROJECT_DIR, PROJECT_ROOT, WAREHOUSE_FILE
from pipelines.sources._common.contracts import ENTITIES, TIMESTAMP
from tests.oracle.records import Event

UNIONED = pa.schema(
    [
        ("message_num", pa.int64()), ("source_slug", pa.string()), ("channel_type", pa.string()),
        ("channel_account_id", pa.string()), ("thread_id", pa.string()), ("is_group", pa.bool_()),
        ("message_id", pa.string()), ("message_seq", pa.int64()), ("event_type", pa.string()),
        ("sent_at", TIMESTAMP), ("received_at", TIMESTAMP), ("author_type", pa.string()),
        ("author_source_id", pa.string()), ("author_name", pa.string()),
        ("staff_id", pa.string()), ("author_team", pa.string()), ("is_public", pa.bool_()),
        ("is_template", pa.bool_()), ("content_type", pa.string()), ("text", pa.string()),
        ("text_length", pa.int32()), ("reply_to_message_id", pa.string()),
        ("source_conversation_id", pa.string()), ("delivered_at", TIMESTAMP),
        ("read_at", TIMESTAMP), ("edited_at", TIMESTAMP), ("deleted_at", TIMESTAMP),
        ("referral", pa.string()), ("source_metadata", pa.string()), ("load_id", pa.string()),
    ]
)  # fmt: skip

# Stands in the compiled SQL for the moment of the build.
AS_OF_COMPILED = "2199-09-09T09:09:09+00:00"
# Raw tables get dlt's load id as well.
_LOAD_ID = pa.field("_dlt_load_id", pa.string())


@dataclass(frozen=True)
class EngineRules:
    """Variables of the build and configuration of the sources."""

    as_of: datetime
    gap_seconds: int = 86_400
    cap_seconds: int = 604_800
    session_gap_seconds: int = 1_800
    target_seconds: int = 600
    modes: dict[str, str] = field(default_factory=dict)  # source_slug -> gap | thread
    teams: dict[str, str] = field(default_factory=dict)  # source_slug -> team
    calendar: pa.Table | None = None


def run_models(
    events: Iterable[Event], rules: EngineRules, project: Path = DBT_PROJECT_DIR
) -> duckdb.DuckDBPyConnection:
    """Run all models on these events; returns a connection whose schema `marts` holds the facts."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'; attach ':memory:' as warehouse; use warehouse")
    for schema in ("staging", "intermediate", "enrich", "marts", "raw_otvet"):
        connection.execute(f"create schema {schema}")
    _create_raw_tables(connection, rules)
    unioned = unioned_table(events)
    connection.register("events_of_test", unioned)
    for name, kind, sql in compiled_models(rules, project):
        schema, _, table = name.partition(".")
        if table in ("int_messages__unioned", "int_message_contents"):
            sql = _UNIONED_SQL
        connection.execute(f"create {kind} {schema}.{table} as {sql}")
    return connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    """Run a query; rows as dicts."""
    result = connection.execute(sql)
    names = [item[0] for item in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def unioned_table(events: Iterable[Event]) -> pa.Table:
    """Return the events in the message contract."""
    return pa.Table.from_pylist(
        [
            {
                "message_num": number,
                "source_slug": event.source_slug,
                "channel_type": "telegram",
                "thread_id": event.thread_id,
                "is_group": event.is_group,
                "message_id": event.message_id,
                "message_seq": event.message_seq,
                "event_type": event.event_type,
                "sent_at": event.sent_at,
                "received_at": event.sent_at,
                "author_type": event.author_type,
                "author_source_id": event.author_id,
                "author_name": event.author_id if event.author_type == "agent" else None,
                "is_public": event.is_public,
                "is_template": event.is_template,
                "content_type": event.content_type,
                "text": event.text,
                "text_length": len(event.text or ""),
                "source_conversation_id": event.source_conversation_id,
                "load_id": "0",
            }
            for number, event in enumerate(events)
        ],
        schema=UNIONED,
    )


_UNIONED_SQL = """
select
    *,
    md5(concat_ws('|', source_slug, thread_id, message_id)) as message_key,
    md5(concat_ws('|', source_slug, thread_id)) as thread_key
from events_of_test
"""


def _create_raw_tables(connection: duckdb.DuckDBPyConnection, rules: EngineRules) -> None:
    source_rules = pa.Table.from_pylist(
        [
            {
                "source_name": source,
                "source_kind": "test",
                "us_rule": "roster",
                "conversation_mode": rules.modes.get(source, "gap"),
                "team": rules.teams.get(source),
            }
            for source in sorted({*rules.modes, *rules.teams})
        ],
        schema=SOURCE_RULES,
    )
    tables = {
        "raw_otvet.source_rules": source_rules,
        "raw_otvet.crm_fields": CRM_FIELDS.empty_table(),
        "raw_otvet.crm_reads": CRM_READS.empty_table(),
        "raw_otvet.roster": ROSTER.empty_table(),
        "raw_otvet.channels": CHANNELS.empty_table(),
        "raw_otvet.exchange_rates": EXCHANGE_RATES.empty_table(),
        "raw_otvet.identity_rules": IDENTITY_RULES.empty_table(),
        "raw_otvet.business_calendar": rules.calendar or CALENDAR.empty_table(),
    }
    for kind, entities in DATASETS.items():
        connection.execute(f"create schema raw_{kind}")
        for entity in entities:
            tables[f"raw_{kind}.{entity}"] = ENTITIES[entity].append(_LOAD_ID).empty_table()
    for kind, schemas in CRM_TABLES.items():
        connection.execute(f"create schema raw_{kind}")
        for name, schema in schemas.items():
            tables[f"raw_{kind}.{name}"] = schema.append(_LOAD_ID).empty_table()
    for name, table in tables.items():
        connection.register("table_of_test", table)
        connection.execute(f"create table {name} as from table_of_test")
        connection.unregister("table_of_test")


def text_patterns() -> dict[str, str]:
    """Return the variables that come from the phrase lists of the project."""
    config = read_company_config(PROJECT_ROOT / "config", PROJECT_ROOT / "config")
    return {
        "courtesy_pattern": courtesy_pattern(config.courtesy_phrases),
        "question_pattern": question_pattern(config.question_words),
        "phrase_start_pattern": start_pattern(config.courtesy_phrases, config.question_words),
    }


def _variables(rules: EngineRules) -> str:
    return variables_text(
        conversation_gap_seconds=rules.gap_seconds,
        unanswered_cap_seconds=rules.cap_seconds,
        session_gap_seconds=rules.session_gap_seconds,
        first_response_target_seconds=rules.target_seconds,
    )


def variables_text(**variables: object) -> str:
    """Return variables of dbt as JSON, with the phrase lists and a moment to put another for."""
    return json.dumps(
        {"as_of": AS_OF_COMPILED, **text_patterns(), **variables},
        ensure_ascii=False,
        sort_keys=True,
    )


def compiled_models(
    rules: EngineRules | None = None, project: Path = DBT_PROJECT_DIR
) -> list[tuple[str, str, str]]:
    """Compile the project with dbt; returns (schema.model, table or view, SQL) in build order."""
    rules = rules or EngineRules(as_of=datetime(2025, 6, 1, tzinfo=UTC))
    return [
        (
            f"{node['schema']}.{node['name']}",
            "view" if node["config"]["materialized"] == "view" else "table",
            node["compiled_code"].replace(AS_OF_COMPILED, rules.as_of.isoformat()),
        )
        for node in compiled_nodes(_variables(rules), project)
    ]


@cache
def compiled_nodes(variables: str, project: Path = DBT_PROJECT_DIR) -> list[dict[str, Any]]:
    """Compile the project with dbt; returns the models of its manifest in build order.

    Args:
        variables: what `variables_text` gave.
    """
    folder = _compile_folder(variables, project)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    nodes = {
        name: node for name, node in manifest["nodes"].items() if node["resource_type"] == "model"
    }
    ordered: list[str] = []

    def visit(name: str) -> None:
        if name in nodes and name not in ordered:
            for parent in nodes[name]["depends_on"]["nodes"]:
                visit(parent)
            ordered.append(name)

    for name in nodes:
        visit(name)
    return [nodes[name] for name in ordered]


def _compile_folder(variables: str, project: Path) -> Path:
    """Compile once for all workers of a test run."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"process-{os.getpid()}"
    mark = hashlib.blake2b(f"{project}\0{variables}".encode(), digest_size=8).hexdigest()
    folder = Path(tempfile.gettempdir()) / f"otvet_compiled_{run}" / mark
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "manifest.json").exists():
            _compile(variables, project, folder)
    return folder


def _compile(variables: str, project: Path, folder: Path) -> None:
    is_increment = json.loads(variables).get("is_increment", False)
    ours = project == DBT_PROJECT_DIR
    subprocess.run(
        [
            str(DBT_EXECUTABLE if ours else DBT_EXECUTABLE.with_name("dbt")),
            "--quiet", "compile",
            "--select", "resource_type:model",
            "--project-dir", str(project), "--profiles-dir", str(project),
            "--target-path", str(folder), "--log-path", str(folder), "--vars", variables,
        ],
        check=True,
        env={
            **os.environ,
            "OTVET_WAREHOUSE": str(folder / WAREHOUSE_FILE),
            BUILD_MODE: "increment" if is_increment else "full",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        },
    )  # fmt: skip


def seconds(delta: timedelta) -> int:
    """Whole seconds of a rule."""
    return int(delta.total_seconds())
