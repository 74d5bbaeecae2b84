"""The dbt project, parsed once for all homes; light to import, as each call of dbt imports it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dbt.version import __version__ as dbt_version

from pipelines.settings import DBT_PROJECT_DIR, WAREHOUSE_FILE

DBT_EXECUTABLE = Path(sys.executable).parent / "otvet-dbt"
# The kind of build, in the environment: dbt's macro is_increment reads it.
BUILD_MODE = "OTVET_BUILD_MODE"


def ensure_manifest(mode: str = "full") -> Path:
    """Return the path of a manifest that is as new as the project, parsing it if need be.

    Args:
        mode: the kind of build, `full` or `increment`: some tables of one are views of the other.
    """
    folder = DBT_PROJECT_DIR / "target" / f"dbt-{dbt_version}" / mode
    manifest = folder / "manifest.json"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        newest = max(path.stat().st_mtime for path in _project_files())
        if not manifest.exists() or manifest.stat().st_mtime < newest:
            _parse(folder, mode)
            manifest.touch()
    return manifest


def parsed_project(mode: str) -> Path:
    """Return the path of what `ensure_manifest` parsed in the form that dbt itself reads."""
    return ensure_manifest(mode).with_name("partial_parse.msgpack")


def _parse(folder: Path, mode: str) -> None:
    subprocess.run(
        [
            str(DBT_EXECUTABLE.with_name("dbt")), "--quiet", "parse",
            "--no-partial-parse",
            "--project-dir", str(DBT_PROJECT_DIR),
            "--profiles-dir", str(DBT_PROJECT_DIR),
            "--target-path", str(folder),
            "--log-path", str(folder),
        ],
        check=True,
        # The file's name is that of the database in the SQL; nothing opens it here.
        env={
            **os.environ,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "OTVET_WAREHOUSE": WAREHOUSE_FILE,
            BUILD_MODE: mode,
        },
    )  # fmt: skip


def _project_files() -> Iterator[Path]:
    for folder in ("models", "macros", "tests", "seeds"):
        yield from (path for path in (DBT_PROJECT_DIR / folder).rglob("*") if path.is_file())
    yield DBT_PROJECT_DIR / "dbt_project.yml"
