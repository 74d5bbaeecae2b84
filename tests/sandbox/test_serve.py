"""The served CRM: a process of its own that moves in time and goes wrong when asked to."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from tests.conftest import ROOT


@pytest.fixture
def served() -> Iterator[tuple[str, dict[str, str]]]:
    """Address of a served account, and the header that opens it."""
    command = [
        sys.executable, "-m", "pipelines.cli", "sandbox", "serve", "--messages", "1000",
        "--until", "2026-06-30", "--days-back", "30", "--port", "0",
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        said = ""
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if line.startswith("[crm.fields]"):
                break
        token, url = re.search(r"TOKEN=(\S+)", said), re.search(r'url = "(\S+)"', said)
        assert token is not None, said
        assert url is not None, said
        try:
            yield url[1], {"Authorization": f"Bearer {token[1]}"}
        finally:
            process.kill()


def test_time_moves_and_faults_come_on_request(served: tuple[str, dict[str, str]]) -> None:
    url, opens = served

    def events() -> list[str]:
        answer = requests.get(f"{url}/api/v4/events?limit=100", headers=opens, timeout=10)
        return [row["id"] for row in answer.json()["_embedded"]["events"]]

    before = events()
    moved = requests.post(f"{url}/sandbox/advance", json={"days": 30}, timeout=10).json()
    assert moved["changes"] > 0
    assert set(events()) != set(before)

    asked = {"kinds": ["unavailable"], "share": 1.0}
    requests.post(f"{url}/sandbox/faults", json=asked, timeout=10)
    answer = requests.get(f"{url}/api/v4/account", headers=opens, timeout=10)
    assert answer.status_code == 503
    # The paths of the sandbox itself never go wrong, so that faults can be ended.
    requests.post(f"{url}/sandbox/faults", json={"share": 0}, timeout=10)
    assert requests.get(f"{url}/api/v4/account", headers=opens, timeout=10).ok
