"""An import that is killed leaves nothing half-done: the next one gives what a clean one gives."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.lib.raw_tables import DATASETS, prepare_raw_tables
from pipelines.settings import load_settings
from tests import small_company
from tests.conftest import otvet
from tests.faults.conftest import start

# Random per load, and nothing of the data.
LOADER_COLUMNS = ("_dlt_load_id", "_dlt_id")
ENVIRONMENT = {"OTVET_PSEUDONYM_KEY": small_company.KEY}

# What can be seen in the home when the import is at a point, in the order of the way.
POINTS: dict[str, Callable[[Path], bool]] = {
    "reading": lambda home: any((home / "landing").glob("*.parquet")),
    "extracting": lambda home: (home / "dlt" / "otvet_raw_telegram_export").is_dir(),
    "loading": lambda home: any(
        (home / "dlt" / "otvet_raw_telegram_export" / "load").glob("normalized/*")
    ),
    "rules": lambda home: any((home / "dlt" / "otvet_raw_otvet" / "load").glob("normalized/*")),
    "vault": lambda home: any((home / "dlt" / "otvet_vault" / "load").glob("normalized/*")),
}


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    small_company.write_telegram(folder / "telegram")
    return folder / "telegram" / "result.json"


@pytest.fixture(scope="module")
def clean(export: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """All rows of an import that nobody disturbed."""
    home = tmp_path_factory.mktemp("clean") / "home"
    finished = otvet(home, "import", export, "--no-run", **ENVIRONMENT)
    assert finished.returncode == 0, finished.stderr
    rows = rows_of(home)
    assert len(rows["raw_telegram_export.messages"]) == 42
    assert len(rows["vault.identifiers"]) > 20
    return rows


def rows_of(home: Path) -> dict[str, list[Any]]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables()"
            " where table_name not like '\\_dlt%' escape '\\' and schema_name not like '%_staging'"
        ).fetchall()
        return {
            f"{schema}.{table}": sorted(
                connection.execute(
                    f"select columns(lambda c: c not in {LOADER_COLUMNS}) from {schema}.{table}"
                ).fetchall(),
                key=str,
            )
            for schema, table in tables
        }


def kill_at(point: str, home: Path, export: Path) -> None:
    process = start(home, "import", export, "--no-run", **ENVIRONMENT)
    reached = POINTS[point]
    while process.poll() is None and not reached(home):
        time.sleep(0.001)
    process.kill()
    process.communicate()
    assert process.returncode == -9, f"the import ended before «{point}»"


@pytest.mark.parametrize("point", POINTS)
def test_killed_import_then_again_gives_the_rows_of_a_clean_one(
    point: str, export: Path, clean: dict[str, list[Any]], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    kill_at(point, home, export)

    again = otvet(home, "import", export, "--no-run", **ENVIRONMENT)

    assert again.returncode == 0, again.stderr
    assert rows_of(home) == clean
    assert not (home / "landing").exists()


def test_first_import_killed_leaves_a_home_that_others_can_use(
    export: Path, tmp_path: Path
) -> None:
    """The loader's folder of the killed source is there already, its tables are not."""
    home = tmp_path / "home"
    kill_at("extracting", home, export)

    prepare_raw_tables(load_settings({"OTVET_HOME": str(home)}))

    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        tables = set(
            connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        )
    for kind, entities in DATASETS.items():
        assert {(f"raw_{kind}", entity) for entity in entities} - tables == set()


def test_second_import_at_once_says_so(export: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = start(home, "import", export, "--no-run", **ENVIRONMENT)
    try:
        while first.poll() is None and not POINTS["reading"](home):
            time.sleep(0.001)
        first.send_signal(signal.SIGSTOP)
        second = otvet(home, "import", export, "--no-run", **ENVIRONMENT)
        assert second.returncode == 1
        assert "Another run works in" in second.stderr
        assert "Traceback" not in second.stderr
        first.send_signal(signal.SIGCONT)
        _, errors = first.communicate(timeout=300)
        assert first.returncode == 0, errors
    finally:
        first.kill()
        first.wait()
    shutil.rmtree(home)
