"""Reading with a mapping, and the real data sets."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from tabular_support import Read, Reader, read_all


@pytest.fixture(scope="session")
def read() -> Reader:
    return read_all


@pytest.fixture(scope="session")
def shared_data() -> Path:
    default = Path(__file__).parents[3].parent / "shared"
    folder = Path(os.environ.get("OTVET_TEST_DATA") or default) / "data"
    if not folder.is_dir():
        message = f"{folder} is missing; set OTVET_TEST_DATA to the folder that holds data/"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture(scope="session")
def read_set(shared_data: Path) -> Callable[[str], Read]:
    """Read a data set with the mapping of its name, once per session."""

    @lru_cache(maxsize=16)
    def cached(name: str) -> Read:
        return read_all([shared_data / name], name)

    return cached


@pytest.fixture(scope="session")
def reference(shared_data: Path) -> Callable[[str], dict[str, Any]]:
    def load(name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(
            (shared_data / "reference" / f"{name}.json").read_text(encoding="utf-8")
        )
        return content

    return load


@pytest.fixture
def mapping_file(tmp_path: Path) -> Callable[[str], Path]:
    """Write a mapping and return its path."""

    def write(text: str) -> Path:
        path = tmp_path / "own.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
