"""An emulated account of each vendor over real HTTP, and homes that load it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest

from pipelines.sandbox.apis.accounts import open_gate
from pipelines.sandbox.apis.hubspot import HubSpot
from pipelines.sandbox.apis.serving import Emulator, serving
from pipelines.sandbox.crm import Crm
from pipelines.sandbox.crm_life import make_crm
from pipelines.sandbox.model import World
from pipelines.sandbox.world import generate_world
from pipelines.settings import Settings, load_settings
from tests.sources.crm.arriving import DAY
from tests.sources.crm.plain_writing import write_plainly
from tests.sources.crm.vendors import VENDORS, Vendor


@pytest.fixture(scope="session")
def world() -> World:
    return generate_world(seed=2, messages=10_000, until=date(2026, 6, 30))


@pytest.fixture
def crm(world: World) -> Crm:
    """The CRM thirty days before the end of the world."""
    made = make_crm(world)
    made.advance(int(world.now.timestamp()) - 30 * DAY)
    return made


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.kind)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    found: Vendor = request.param
    return found


@pytest.fixture
def emulator(vendor: Vendor, crm: Crm) -> Emulator:
    """An account whose gates count but let everything through."""
    made = vendor.account.make(crm)
    made.gate = open_gate()
    if isinstance(made, HubSpot):
        made.search_gate = open_gate()
    return made


@pytest.fixture
def served() -> Iterator[Callable[[Emulator], str]]:
    """Serve emulators for as long as the test runs."""
    with ExitStack() as stack:
        yield lambda emulator: stack.enter_context(serving(emulator.app))


@pytest.fixture
def plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loads of this test write without dlt."""
    write_plainly(monkeypatch)


@pytest.fixture
def new_home(
    vendor: Vendor, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Settings]:
    """Make an empty home; all of them hide people with the same key."""
    monkeypatch.setenv("OTVET_PSEUDONYM_KEY", "k" * 64)
    for name, value in vendor.account.environment(vendor.name).items():
        monkeypatch.setenv(name, value)

    def make() -> Settings:
        home: Path = tmp_path_factory.mktemp("home")
        return load_settings({"OTVET_HOME": str(home), "OTVET_CONFIG": ""})

    return make
