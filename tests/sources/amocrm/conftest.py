"""An emulated account over real HTTP, and homes that load it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest

from pipelines.sandbox.apis.amocrm import AmoCrm
from pipelines.sandbox.apis.serving import Gate, serving
from pipelines.sandbox.crm import Crm, make_crm
from pipelines.sandbox.model import World
from pipelines.sandbox.world import generate_world
from pipelines.settings import CrmConfig, Settings, load_settings

DAY = 86_400
# The custom fields that the emulated company keeps in amoCRM.
FIELDS = {
    "amount": "Сумма в валюте", "currency_code": "Валюта", "product": "702",
    "first_contact_seconds": "705",
}  # fmt: skip


@pytest.fixture(scope="session")
def world() -> World:
    return generate_world(seed=2, messages=10_000, until=date(2026, 6, 30))


@pytest.fixture
def crm(world: World) -> Crm:
    """The CRM thirty days before the end of the world."""
    made = make_crm(world)
    made.advance(int(world.now.timestamp()) - 30 * DAY)
    return made


@pytest.fixture
def served() -> Iterator[Callable[[AmoCrm], str]]:
    """Serve emulators for as long as the test runs."""
    with ExitStack() as stack:
        yield lambda emulator: stack.enter_context(serving(emulator.app))


@pytest.fixture
def emulator(crm: Crm) -> AmoCrm:
    """An account whose gate counts but lets everything through."""
    return AmoCrm(crm, gate=Gate(100_000, 1.0))


@pytest.fixture
def new_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Settings]:
    """Make an empty home; all of them hide people with the same key."""
    monkeypatch.setenv("OTVET_PSEUDONYM_KEY", "k" * 64)
    monkeypatch.setenv("OTVET_AMO_TOKEN", AmoCrm.token)

    def make() -> Settings:
        home: Path = tmp_path_factory.mktemp("home")
        return load_settings({"OTVET_HOME": str(home), "OTVET_CONFIG": ""})

    return make


def config(url: str, per_second: float = 100_000) -> CrmConfig:
    return CrmConfig.model_validate(
        {"name": "amo", "kind": "amocrm", "url": url, "requests_per_second": per_second,
         "fields": FIELDS}
    )  # fmt: skip
