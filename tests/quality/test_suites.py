"""Each suite passes on healthy tables, and each of its expectations can fail."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines import publishing
from pipelines.lib import expectations_validation
from pipelines.lib.dbt_project import CheckResult
from pipelines.lib.expectations_catalog import (
    EXPECTATIONS_DIR,
    PUBLISHED_SUITES,
    RAW_SUITES,
    SuiteError,
    SuiteSpec,
    load_suite,
)
from pipelines.quality import audit_publication, check_raw
from tests.quality.damages import PUBLISHED, RAW, Damage
from tests.quality.healthy import make_raw, make_settings

SPECS = {spec.table: spec for spec in (*RAW_SUITES, *PUBLISHED_SUITES)}


def _cases(suites: dict[str, list[Damage]]) -> list[object]:
    return [
        pytest.param(table, damage, id=f"{table}-{damage.check.partition(':')[0]}")
        for table, damages in suites.items()
        for damage in damages
    ]


def _damage(database: Path, table: str, damage: Damage) -> None:
    database.chmod(0o644)
    with duckdb.connect(str(database)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(damage.sql.replace("{t}", table))


def _status(results: list[CheckResult], table: str, name: str) -> str:
    return next(item.status for item in results if item.target == table and item.name == name)


def _only(monkeypatch: pytest.MonkeyPatch, table: str, name: str) -> str:
    """Run one rule of the suite, to save time; return the status that it must have."""
    rule = next(rule for rule in load_suite(SPECS[table]) if rule.name == name)
    monkeypatch.setattr(expectations_validation, "load_suite", lambda _: [rule])
    return "fail" if rule.severity == "critical" else "warn"


@pytest.mark.parametrize(("table", "damage"), _cases(RAW))
def test_raw_table_damaged_check_fails(
    table: str,
    damage: Damage,
    raw_warehouse: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    status = _only(monkeypatch, table, damage.check)
    settings = make_settings(tmp_path)
    shutil.copy(raw_warehouse, settings.warehouse)
    _damage(settings.warehouse, table, damage)

    results = check_raw(settings, [table], with_docs=False)

    assert _status(results, table, damage.check) == status


@pytest.mark.parametrize(("table", "damage"), _cases(PUBLISHED))
def test_published_table_damaged_check_fails(
    table: str,
    damage: Damage,
    home_with_versions: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    status = _only(monkeypatch, table, damage.check)
    home = tmp_path / "home"
    shutil.copytree(home_with_versions, home, symlinks=True)
    version = publishing.list_versions(home / "published")[0]
    _damage(version.database, table, damage)

    results = audit_publication(
        version, settings=make_settings(home), tables=[table], with_docs=False
    )

    assert _status(results, table, damage.check) == status


def test_healthy_tables_every_check_passes(home_with_versions: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(home_with_versions, home, symlinks=True)
    settings = make_settings(home)
    version = publishing.list_versions(settings.published)[0]

    results = [*check_raw(settings), *audit_publication(version, settings=settings)]

    assert [item for item in results if item.status != "pass"] == []
    # Nothing passed by being skipped: one result per entry of every suite.
    assert len(results) == sum(len(load_suite(spec)) for spec in SPECS.values())


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_suite_every_expectation_has_a_damage(spec: SuiteSpec) -> None:
    damages = {damage.check for damage in (RAW | PUBLISHED)[spec.table]}

    assert {rule.name for rule in load_suite(spec)} == damages


def test_suites_folder_holds_no_forgotten_file() -> None:
    assert {path.stem for path in (EXPECTATIONS_DIR / "suites").glob("*.json")} == set(SPECS)


def test_empty_raw_tables_pass(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    make_raw(settings.warehouse, filled=False)

    results = check_raw(settings)

    assert {item.status for item in results} == {"pass"}
    assert len(results) == len(RAW_SUITES)


def test_source_with_one_old_message_passes(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    make_raw(settings.warehouse)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            "update raw_telegram_export.messages set source_name = 'old', author_name_id = null,"
            " author_source_id = null, sent_at = timestamptz '2017-03-01 00:00:00+00'"
            " where message_id = '1'"
        )

    results = check_raw(settings, ["raw_telegram_export.messages"])

    assert [item for item in results if item.status != "pass"] == []


def test_forum_with_answers_after_500_days_and_no_agents_passes(
    home_with_versions: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(home_with_versions, home, symlinks=True)
    version = publishing.list_versions(home / "published")[0]
    version.database.chmod(0o644)
    with duckdb.connect(str(version.database)) as connection:
        connection.execute("update marts.fct_messages set response_seconds = 500 * 86400")
        connection.execute("update marts.fct_replies set reply_calendar_seconds = 500 * 86400")
        connection.execute("delete from marts.dim_agents")

    results = audit_publication(version, settings=make_settings(home))

    assert [item for item in results if item.status != "pass"] == []


def test_unknown_code_is_shown_nowhere(raw_warehouse: Path, tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    shutil.copy(raw_warehouse, settings.warehouse)
    _damage(
        settings.warehouse,
        "raw_tabular.messages",
        Damage("", "update {t} set content_type = 'Secretova', text = 'mail secret@shop.example'"),
    )

    results = check_raw(settings)

    pages = list((settings.home / "data_docs").rglob("*.html"))
    shown = " ".join([*(str(item) for item in results), *(page.read_text() for page in pages)])
    assert len(pages) > 10
    assert "not shown" in shown
    assert "Secretova" not in shown
    assert "secret@" not in shown


def test_data_docs_name_no_remote_script_or_style(raw_warehouse: Path, tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    shutil.copy(raw_warehouse, settings.warehouse)

    check_raw(settings)

    pages = [page.read_text() for page in (settings.home / "data_docs").rglob("*.html")]
    assert not [page for page in pages if 'src="http' in page or '<link href="http' in page]
    assert any("Texts are masked at load" in page for page in pages)


def test_measure_of_a_missing_column_fails_with_its_name(
    home_with_versions: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(home_with_versions, home, symlinks=True)
    version = publishing.list_versions(home / "published")[0]
    _damage(
        version.database, "marts.fct_sessions", Damage("", "alter table {t} drop message_count")
    )

    results = audit_publication(version, tables=["marts.fct_sessions"])

    assert [(item.name, item.status) for item in results] == [("is_measurable", "fail")]
    assert "message_count" in str(results[0].detail)


def test_suite_with_an_unknown_severity_is_refused(tmp_path: Path) -> None:
    (tmp_path / "marts.fct_deals.json").write_text(
        '[{"type": "expect_column_values_to_be_between", "kwargs": {"column": "amount_min"},'
        ' "severity": "fatal", "meta": {"why": "because it matters"}}]'
    )

    with pytest.raises(SuiteError, match=r"marts\.fct_deals\.json: entry 1"):
        load_suite(SPECS["marts.fct_deals"], tmp_path)
