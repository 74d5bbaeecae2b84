"""`make check`: each check of the project, its time, and what failed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipelines.settings import DBT_PROJECT_DIR, PROJECT_ROOT

_BIN = Path(sys.executable).parent


def _commands(home: Path) -> list[tuple[str, list[str]]]:
    python = sys.executable
    dbt = [
        "--project-dir", str(DBT_PROJECT_DIR), "--profiles-dir", str(DBT_PROJECT_DIR),
        "--target-path", str(home / "target"), "--log-path", str(home / "logs"),
    ]  # fmt: skip
    return [
        ("lint", [str(_BIN / "ruff"), "check", "."]),
        ("format", [str(_BIN / "ruff"), "format", "--check", "."]),
        ("types", [str(_BIN / "mypy")]),
        ("SQL style", [str(_BIN / "sqlfluff"), "lint", "--processes", "2", "dbt_project/models"]),
        ("metrics page", [python, "-m", "pipelines.lib.metric_docs", "--check"]),
        ("definitions", [python, "-c", "import pipelines.definitions"]),
        ("raw tables", [python, "-m", "pipelines.lib.empty_home"]),
        ("dbt build", [str(_BIN / "dbt"), "--quiet", "build", *dbt]),
    ]


def main() -> int:
    """Run all checks; returns the number that failed."""
    failed = []
    with tempfile.TemporaryDirectory(prefix="otvet_check_") as folder:
        home = Path(folder)
        environment = {
            **os.environ,
            "OTVET_HOME": str(home),
            "OTVET_WAREHOUSE": str(home / "warehouse.duckdb"),
            "DBT_PROFILES_DIR": str(DBT_PROJECT_DIR),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        for name, command in _commands(home):
            started = time.monotonic()
            finished = subprocess.run(
                command, check=False, cwd=PROJECT_ROOT, env=environment, capture_output=True,
                text=True,
            )  # fmt: skip
            mark = "ok  " if finished.returncode == 0 else "FAIL"
            sys.stdout.write(f"{mark} {name} ({time.monotonic() - started:.0f} s)\n")
            if finished.returncode != 0:
                failed.append(name)
                sys.stdout.write(finished.stdout[-6000:] + finished.stderr[-6000:] + "\n")
            sys.stdout.flush()
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
