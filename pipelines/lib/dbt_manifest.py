"""The dbt project, parsed once for all homes; light to import, as each call of dbt imports it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
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

    Raises:
        RuntimeError: dbt cannot parse the project; the message is what it said.
    """
    folder = DBT_PROJECT_DIR / "target" / f"dbt-{dbt_version}" / mode
    folder.mkdir(parents=True, exist_ok=True)
    # Its time is that at which the last whole parsing began: what changed since is not in there.
    mark = folder / "parsed"
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists() or mark.stat().st_mtime < changed_at(DBT_PROJECT_DIR):
            began = time.time()
            mark.unlink(missing_ok=True)
            _parse(folder, mode)
            mark.touch()
            os.utime(mark, (began, began))
    return folder / "manifest.json"


def parsed_project(mode: str) -> Path:
    """Return the path of what `ensure_manifest` parsed in the form that dbt itself reads."""
    return ensure_manifest(mode).with_name("partial_parse.msgpack")


def _parse(folder: Path, mode: str) -> None:
    parsed = subprocess.run(
        [
            str(DBT_EXECUTABLE.with_name("dbt")), "--quiet", "parse",
            "--no-partial-parse",
            "--project-dir", str(DBT_PROJECT_DIR),
            "--profiles-dir", str(DBT_PROJECT_DIR),
            "--target-path", str(folder),
            "--log-path", str(folder),
        ],
        check=False,
        capture_output=True,
        text=True,
        # The file's name is that of the database in the SQL; nothing opens it here.
        env={
            **os.environ,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "OTVET_WAREHOUSE": WAREHOUSE_FILE,
            BUILD_MODE: mode,
        },
    )  # fmt: skip
    if parsed.returncode != 0:
        said = (parsed.stdout + parsed.stderr)[-2000:]
        raise RuntimeError(f"dbt cannot parse the project: {said}")


def changed_at(project: Path) -> float:
    """Return when a dbt project changed last, by the clock of its files.

    Folders count as well: theirs is the time at which a file went or got another name.
    """
    paths = [project / name for name in ("dbt_project.yml", "profiles.yml")]
    for name in ("models", "macros", "tests", "seeds"):
        paths += [project / name, *(project / name).rglob("*")]
    return max(path.stat().st_mtime for path in paths if path.exists())
