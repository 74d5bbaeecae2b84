"""Healthy warehouses, built once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.lib.release import release
from tests.quality.healthy import make_raw, make_settings, make_warehouse

NOW = "2024-05-01T00:00:00+00:00"


@pytest.fixture(scope="session")
def raw_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with raw tables only; copy it."""
    path = tmp_path_factory.mktemp("raw") / "warehouse.duckdb"
    make_raw(path)
    return path


@pytest.fixture(scope="session")
def home_with_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a warehouse, a current version and a newer one that waits for its audit."""
    home = tmp_path_factory.mktemp("home")
    settings = make_settings(home)
    make_warehouse(settings.warehouse)
    settings.dbt_target.mkdir()
    manifest = {"semantic_models": [], "project_configuration": {}}
    (settings.dbt_target / "semantic_manifest.json").write_text(json.dumps(manifest))
    first = release(settings, now=NOW, checks=[], audit=lambda _: [])
    release(settings, now=NOW, checks=[], audit=lambda _: [])
    link = settings.published / "current"
    link.unlink()
    link.symlink_to(Path("v") / first.version)
    return home
