"""Fixtures of the WhatsApp tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder of the shared test data; missing data skips, in CI it fails."""
    folder = Path(os.environ.get("OTVET_TEST_DATA") or REPOSITORY.parent / "shared")
    if not (folder / "data" / "whatsapp_exports").is_dir():
        reason = f"no test data in {folder}; set OTVET_TEST_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder / "data"
