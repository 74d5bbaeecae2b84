"""One manifest serves all homes: no model is another one for other rules or another place."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipelines.lib.dbt_manifest import BUILD_MODE, DBT_EXECUTABLE, changed_at, ensure_manifest
from pipelines.settings import DBT_PROJECT_DIR

OTHER_RULES = {
    "company_time_zone": "Asia/Tokyo",
    "conversation_gap_seconds": 60,
    "courtesy_pattern": "^thanks$",
    "default_currency": "JPY",
    "build_fingerprint": "another",
}


@pytest.mark.parametrize("mode", ["full", pytest.param("increment", marks=pytest.mark.soak)])
def test_project_is_parsed_the_same_for_another_home(mode: str, tmp_path: Path) -> None:
    subprocess.run(
        [
            str(DBT_EXECUTABLE.with_name("dbt")), "--quiet", "parse",
            "--project-dir", str(DBT_PROJECT_DIR), "--profiles-dir", str(DBT_PROJECT_DIR),
            "--target-path", str(tmp_path), "--log-path", str(tmp_path),
            "--vars", json.dumps(OTHER_RULES),
        ],
        check=True,
        env={
            **os.environ,
            "OTVET_WAREHOUSE": str(tmp_path / "warehouse.duckdb"),
            "OTVET_BUILD_AS_OF": "2030-01-01T00:00:00+00:00",
            BUILD_MODE: mode,
        },
    )  # fmt: skip

    assert parsed(tmp_path / "manifest.json") == parsed(ensure_manifest(mode))


@pytest.mark.parametrize("change", ["edit", "rename", "remove", "add"])
def test_every_change_of_the_project_is_seen(change: str, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "marts"
    folder.mkdir(parents=True)
    for path in ((tmp_path / "dbt_project.yml"), (model := folder / "one.sql")):
        path.write_text("select 1", encoding="utf-8")
    for path in (tmp_path / "dbt_project.yml", model, folder, folder.parent):
        os.utime(path, (1_000, 1_000))
    assert changed_at(tmp_path) == 1_000

    if change == "edit":
        model.write_text("select 2", encoding="utf-8")
    elif change == "rename":
        model.rename(folder / "two.sql")
    elif change == "remove":
        model.unlink()
    else:
        (folder / "two.sql").write_text("select 2", encoding="utf-8")

    assert changed_at(tmp_path) > 1_000


def parsed(manifest: Path) -> dict[str, Any]:
    """Return what dbt takes from parsing, without the order and the times in which it was done."""
    content = json.loads(manifest.read_text(encoding="utf-8"))
    return {
        f"{kind} {name}": {
            key: _sorted(value) for key, value in node.items() if key != "created_at"
        }
        for kind in ("nodes", "sources", "unit_tests", "metrics", "semantic_models")
        for name, node in content[kind].items()
    }


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in value.items()}
    return sorted(value, key=str) if isinstance(value, list) else value
