"""When a build may be an increment, and what makes it a full one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.lib import increments
from pipelines.lib.increments import KEPT, build_mode, moment_of_build, plan_build
from pipelines.lib.raw_tables import CHAT_KINDS
from pipelines.settings import DBT_PROJECT_DIR, Settings, load_settings

VARIABLES: dict[str, Any] = {"session_gap_seconds": 1800}
NOW = "2026-05-02T00:00:00+00:00"
NOTES = ("int_build_inputs", "int_build_state")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home whose last build was complete, a day before `NOW`."""
    found = load_settings({"OTVET_HOME": str(tmp_path / "home")})
    found.ensure_home()
    (found.home / "config").mkdir()
    found = load_settings({"OTVET_HOME": str(tmp_path / "home")})
    mark = increments.fingerprint(found, VARIABLES)
    with duckdb.connect(str(found.warehouse)) as connection:
        for schema in ("intermediate", "marts", *(f"raw_{kind}" for kind in CHAT_KINDS)):
            connection.execute(f"create schema {schema}")
        for kind in CHAT_KINDS:
            connection.execute(f"create table raw_{kind}.messages (_dlt_load_id text)")
        connection.execute("insert into raw_tabular.messages values ('1'), ('1'), ('2')")
        for schema, table in KEPT:
            connection.execute(
                f"create table {schema}.{table}"
                " (build_id text, kind text, scope text, subject text, content text)"
            )
        for table in NOTES:
            connection.execute(
                f"""
                insert into intermediate.{table} values
                ('one', 'build', null, 'as_of', '2026-05-01T00:00:00+00:00'),
                ('one', 'build', null, 'fingerprint', '{mark}'),
                ('one', 'build', null, 'mode', 'full'),
                ('one', 'load', 'raw_tabular', '1', '2')
                """
            )
    return found


def _change(settings: Settings, sql: str) -> None:
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(sql)


def test_next_build_with_more_rows_is_an_increment(settings: Settings) -> None:
    assert build_mode(settings, VARIABLES, NOW).full_because is None


def test_asked_for_is_full(settings: Settings) -> None:
    assert build_mode(settings, VARIABLES, NOW, full_refresh=True).full_because == "asked for"


def test_dbt_is_told_the_kind_and_the_moment_of_the_build(settings: Settings) -> None:
    first = plan_build(settings, NOW)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            "update intermediate.int_build_state set content = ? where subject = 'fingerprint'",
            [first.variables["build_fingerprint"]],
        )
    second = plan_build(settings, NOW)

    assert first.arguments[0] == "--full-refresh"
    assert first.environment["OTVET_BUILD_MODE"] == "full"
    assert second.arguments[0] == "--vars"
    assert second.environment["OTVET_BUILD_MODE"] == "increment"
    assert second.environment["OTVET_BUILD_AS_OF"] == NOW


def test_moment_of_the_last_build_is_read_from_it(settings: Settings) -> None:
    assert moment_of_build(settings) == "2026-05-01T00:00:00+00:00"


def test_failed_increment_is_followed_by_an_increment(settings: Settings) -> None:
    _change(
        settings,
        "update intermediate.int_build_inputs set build_id = 'two';"
        "update intermediate.int_build_inputs set content = 'increment' where subject = 'mode'",
    )

    assert build_mode(settings, VARIABLES, NOW).full_because is None


@pytest.mark.parametrize(
    ("reason", "sql"),
    [
        ("no complete build", "drop table intermediate.int_build_state"),
        ("fct_sessions is missing", "drop table marts.fct_sessions"),
        ("full build before", "update intermediate.int_build_inputs set build_id = 'two'"),
        ("raw rows", "delete from raw_tabular.messages where _dlt_load_id = '1'"),
    ],
)
def test_what_the_warehouse_lacks_is_built_anew(settings: Settings, reason: str, sql: str) -> None:
    _change(settings, sql)

    assert reason in str(build_mode(settings, VARIABLES, NOW).full_because)


@pytest.mark.parametrize("changed", [{"session_gap_seconds": 1801}, {"definition_version": "2"}])
def test_other_rules_are_full(settings: Settings, changed: dict[str, Any]) -> None:
    assert build_mode(settings, VARIABLES | changed, NOW).full_because is not None


def test_an_earlier_moment_is_full(settings: Settings) -> None:
    assert build_mode(settings, VARIABLES, "2026-04-30T23:59:59+00:00").full_because is not None


def _hours(settings: Settings) -> None:
    (settings.home / "config" / "working_hours.csv").write_text(
        "team,valid_from,valid_to,weekday,opens,closes,time_zone\n,,,1,09:00,18:00,\n", "utf-8"
    )


def _roster(settings: Settings) -> None:
    (settings.home / "config" / "roster.csv").write_text("source_name,match\n*,Anna\n", "utf-8")


@pytest.mark.parametrize("change", [_hours, _roster])
def test_changed_configuration_is_full(
    settings: Settings, change: Callable[[Settings], None]
) -> None:
    change(settings)

    assert build_mode(settings, VARIABLES, NOW).full_because is not None


def test_changed_model_is_full(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(DBT_PROJECT_DIR, project, ignore=shutil.ignore_patterns("target", "logs"))
    monkeypatch.setattr(increments, "DBT_PROJECT_DIR", project)
    assert build_mode(settings, VARIABLES, NOW).full_because is None
    model = project / "models" / "intermediate" / "replies" / "int_waits.sql"
    model.write_text(model.read_text(encoding="utf-8") + "-- another rule\n", encoding="utf-8")

    assert "changed" in str(build_mode(settings, VARIABLES, NOW).full_because)
