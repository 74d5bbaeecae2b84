"""One world and its files for all tests of the sandbox."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines.sandbox.model import World
from pipelines.sandbox.world import generate_world
from pipelines.sandbox.writers import write_company

UNTIL = date(2026, 5, 31)


@pytest.fixture(scope="session")
def world() -> World:
    return generate_world(seed=7, messages=12_000, until=UNTIL)


@pytest.fixture(scope="session")
def large_world() -> World:
    """Large enough for shares and effects."""
    return generate_world(seed=5, messages=120_000, until=UNTIL)


@pytest.fixture(scope="session")
def company(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    write_company(world, folder)
    return folder
