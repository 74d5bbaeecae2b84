"""The same with dbt itself: its materialisations, its order, a process that is killed."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import duckdb
import pytest

from pipelines.lib.empty_home import make
from pipelines.settings import Settings, load_settings
from tests.comparing import differences, row_counts, run_dbt, start_dbt
from tests.increments.company import Company, Load
from tests.increments.homes import write_load

LOADS, KILLED = 3, 1
# The facts before it are those of the new build then, those after it of the old one.
_KILL_AFTER = "incremental model marts.fct_replies"


def _settings(home: Path, load: Load) -> Settings:
    return load_settings({"OTVET_HOME": str(home), "OTVET_AS_OF": load.as_of.isoformat()})


def _add(settings: Settings, load: Load) -> None:
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        write_load(connection, load)


def _kill_build(settings: Settings) -> None:
    log = settings.logs / "dbt.log"
    log.unlink(missing_ok=True)
    process = start_dbt(settings)
    while process.poll() is None:
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        if any("OK created" in line and _KILL_AFTER in line for line in text.splitlines()):
            break
        time.sleep(0.005)
    process.kill()
    process.communicate()
    assert process.returncode == -9, "the build ended before it was killed"


def _full_build_beside(settings: Settings, folder: Path) -> Path:
    """Build all anew from the raw rows of a home, which are all that is taken over."""
    folder.mkdir()
    copy = settings.model_copy(update={"home": folder})
    shutil.copy(settings.warehouse, copy.warehouse)
    with duckdb.connect(str(copy.warehouse)) as connection:
        for schema in ("marts", "intermediate", "staging"):
            connection.execute(f"drop schema {schema} cascade")
    copy.ensure_home()
    run_dbt(copy)
    return copy.warehouse


@pytest.mark.soak
def test_increments_of_dbt_equal_a_full_build(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for load in Company(5, busy=30).loads(LOADS):
        settings = _settings(home, load)
        if load.number == 0:
            make(settings)
        _add(settings, load)
        if load.number == KILLED:
            _kill_build(settings)
        else:
            run_dbt(settings)

    assert differences(settings.warehouse, _full_build_beside(settings, tmp_path / "fresh")) == {}
    counts = row_counts(settings.warehouse)
    assert counts["fct_messages"] > 50
    assert min(counts["fct_replies"], counts["fct_sla_events"], counts["fct_deals"]) > 0
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        modes = connection.execute(
            "select content from intermediate.int_build_state"
            " where kind = 'build' and subject = 'mode'"
        ).fetchall()
    assert modes == [("increment",)]


@pytest.mark.soak
def test_sixty_increments_of_dbt_equal_full_builds(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for load in Company(11).loads(60):
        settings = _settings(home, load)
        if load.number == 0:
            make(settings)
        _add(settings, load)
        run_dbt(settings)
        if load.number % 10 == 9:
            fresh = tmp_path / f"fresh{load.number}"
            assert differences(settings.warehouse, _full_build_beside(settings, fresh)) == {}
            shutil.rmtree(fresh)
