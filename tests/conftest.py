"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[1]
OTVET = Path(sys.executable).parent / "otvet"
# The demo of the tests: small, and up to yesterday, so that the same world can be made again.
DEMO_MESSAGES = 6_000
DEMO_UNTIL = (datetime.now(ZoneInfo("Europe/Moscow")) - timedelta(days=1)).date()


# Which files begin first: the one that makes the demo's home, and what needs no demo beside it, so
# that no worker waits for the other; the other readers of the demo come last.
_FIRST = ("tests/app/test_figures.py", "tests/e2e", "tests/defs", "tests/faults", "tests/sandbox")
_LAST = ("tests/app", "tests/browser", "tests/test_cli.py")


def _turn(item: pytest.Item) -> int:
    for turn, path in enumerate(_FIRST):
        if item.nodeid.startswith(path):
            return turn
    return len(_FIRST) + 1 if item.nodeid.startswith(_LAST) else len(_FIRST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files; tests of a file keep their order."""
    items.sort(key=_turn)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real exports and tables beside the checkout; never part of the repository."""
    folder = Path(os.environ.get("OTVET_TEST_DATA") or ROOT.parent / "shared") / "data"
    if not folder.is_dir():
        message = f"no test data in {folder}; set OTVET_TEST_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder


def otvet(home: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a home; returns the finished process."""
    return subprocess.run(
        [str(OTVET), *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        cwd=home.parent,
        env={**os.environ, "OTVET_HOME": str(home), "OTVET_CONFIG": "", **environment},
    )


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a home that the first worker to ask for it makes, and all of them read."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    folder = (factory.getbasetemp().parent if is_worker else factory.getbasetemp()) / name
    with FileLock(f"{folder}.lock"):
        if not (folder / "made").exists():
            folder.mkdir(exist_ok=True)
            make(folder / "home")
            (folder / "made").touch()
    return folder / "home"


def _make_demo(home: Path) -> None:
    arguments = ("--messages", DEMO_MESSAGES, "--until", DEMO_UNTIL)
    finished = otvet(home, "demo", "--no-serve", *arguments)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the demo ran: the emulated company, published."""
    return made_once(tmp_path_factory, "demo", _make_demo)


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published home of a tiny company (`tests.small_company`); copy it before a change."""
    from tests.small_company import make_home

    return made_once(tmp_path_factory, "small", make_home)
