"""Whenever a load is killed, the files that the loader leaves do not stop the next one."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from pipelines.settings import PROJECT_ROOT

# A load touches its files about 190 times; beyond that nobody is killed.
ALL: Final = range(1, 400)
SOME: Final = sorted(random.Random(5).sample(range(1, 180), 6))


@pytest.mark.parametrize(
    "points", [SOME, pytest.param(ALL, marks=pytest.mark.soak)], ids=["some", "all"]
)
@pytest.mark.parametrize("before", [[], [1]], ids=["first", "later"])
def test_next_load_brings_the_rows(points: list[int], before: list[int], tmp_path: Path) -> None:
    outcomes = run_script(tmp_path, list(points), before)

    killed = [outcome for outcome in outcomes if outcome.get("was_killed")]
    assert len(killed) >= min(len(points), 150)
    assert [outcome for outcome in killed if outcome["again"] != 0] == []
    assert {tuple(outcome["rows"]) for outcome in killed} == {(*before, 2, 3)}


def run_script(folder: Path, points: list[int], before: list[int]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.crash_points", str(folder), json.dumps(points),
         json.dumps(before)],
        cwd=PROJECT_ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
