"""`make check`: each check of the project, its time, and what failed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipelines.settings import DBT_PROJECT_DIR, PROJECT_ROOT

_BIN = Path(sys.executable).parent


def _lanes(home: Path) -> list[list[tuple[str, list[str]]]]:
    """Checks by lane: lanes run side by side, what shares files runs one after the other."""
    python = sys.executable
    dbt = [
        "--project-dir", str(DBT_PROJECT_DIR), "--profiles-dir", str(DBT_PROJECT_DIR),
        "--target-path", str(home / "target"), "--log-path", str(home / "logs"),
    ]  # fmt: skip
    return [
        [
            ("SQL style", [str(_BIN / "sqlfluff"), "lint", "dbt_project/models"]),
            ("metrics page", [python, "-m", "pipelines.lib.metric_docs", "--check"]),
            ("definitions", [python, "-c", "import pipelines.definitions"]),
        ],
        [
            ("lint", [str(_BIN / "ruff"), "check", "."]),
            ("format", [str(_BIN / "ruff"), "format", "--check", "."]),
            ("types", [str(_BIN / "mypy")]),
            ("raw tables", [python, "-m", "pipelines.lib.empty_home"]),
            ("dbt build", [str(_BIN / "dbt"), "--quiet", "build", *dbt]),
        ],
    ]


def _run_lane(lane: list[tuple[str, list[str]]], environment: dict[str, str]) -> int:
    """Run the checks of a lane; returns the number that failed."""
    failed = 0
    for name, command in lane:
        started = time.monotonic()
        finished = subprocess.run(
            command, check=False, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True
        )
        mark = "ok  " if finished.returncode == 0 else "FAIL"
        line = f"{mark} {name} ({time.monotonic() - started:.0f} s)\n"
        if finished.returncode != 0:
            failed += 1
            line += finished.stdout[-6000:] + finished.stderr[-6000:] + "\n"
        sys.stdout.write(line)
        sys.stdout.flush()
    return failed


def _environment(home: Path) -> dict[str, str]:
    """A home for a lane: two processes cannot write to one warehouse."""
    home.mkdir()
    return {
        **os.environ,
        "OTVET_HOME": str(home),
        "OTVET_WAREHOUSE": str(home / "warehouse.duckdb"),
        "DBT_PROFILES_DIR": str(DBT_PROJECT_DIR),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def main() -> int:
    """Run all checks; returns the number that failed."""
    with tempfile.TemporaryDirectory(prefix="otvet_check_") as folder:
        lanes = _lanes(Path(folder))
        homes = [_environment(Path(folder) / str(number)) for number in range(len(lanes))]
        with ThreadPoolExecutor(len(lanes)) as pool:
            return sum(pool.map(_run_lane, lanes, homes))


if __name__ == "__main__":
    sys.exit(main())
