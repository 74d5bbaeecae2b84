"""Each fault ends in the right data or in a clear error, and the next run loses nothing."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from pipelines.sandbox.apis.amocrm import AmoCrm
from pipelines.sandbox.apis.serving import FAULTS, FaultKind, Faults
from pipelines.sandbox.crm import Crm
from pipelines.settings import Settings
from pipelines.sources._common.api import AccessError, ApiError, BlockedError, UnavailableError
from tests.conftest import ROOT
from tests.sources.amocrm.arriving import arrived, assert_true, load
from tests.sources.amocrm.conftest import DAY, config

Served = Callable[[AmoCrm], str]
NewHome = Callable[[], Settings]
# The other ones are left to the long campaign.
_SHORT = ("too_many", "cut_body")


@pytest.mark.parametrize("kind", FAULTS)
def test_fault_that_passes_is_waited_out(
    kind: FaultKind, crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    account, home = config(served(emulator)), new_home()
    emulator.faults = Faults(at={1: kind, 2: kind, 9: kind, 17: kind}, silent_seconds=0.7)

    load(home, account)

    assert emulator.faults.happened == {kind: 4}
    assert_true(arrived(home, account), crm)


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=() if kind in _SHORT else pytest.mark.soak) for kind in FAULTS],
)
def test_fault_that_stays_is_told_and_the_next_run_is_right(
    kind: FaultKind, crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    account, home = config(served(emulator)), new_home()
    emulator.faults = Faults(at=dict.fromkeys(range(12, 40), kind), silent_seconds=0.7)

    with pytest.raises(UnavailableError) as told:
        load(home, account, attempts=3)

    assert AmoCrm.token not in str(told.value)
    assert str(told.value).startswith("amo: api/v4/")
    emulator.faults = Faults()
    load(home, account)
    assert_true(arrived(home, account), crm)


def mixed(seed: int, crm: Crm, account: object, emulator: AmoCrm, home: Settings) -> None:
    """Load day by day under random faults, some of which a load does not survive."""
    chance = random.Random(seed)
    for _ in range(3):
        emulator.faults = Faults(
            FAULTS, chance.choice([0.05, 0.2, 0.5]), chance.randrange(1 << 30),
            in_a_row=chance.choice([1, 2, 9]), silent_seconds=0.6,
        )  # fmt: skip
        with suppress(UnavailableError):
            load(home, account, attempts=3)  # type: ignore[arg-type]
        crm.advance(crm.now + chance.randrange(DAY, 4 * DAY))
    emulator.faults = Faults()
    load(home, account)  # type: ignore[arg-type]
    assert_true(arrived(home, account), crm)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(1))
def test_random_faults(
    seed: int, crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    mixed(seed, crm, config(served(emulator)), emulator, new_home())


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 300))
def test_two_hundred_random_faults(
    seed: int, crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    mixed(seed, crm, config(served(emulator)), emulator, new_home())


LOAD = """
    import sys
    from pipelines.lib.crm_loading import load_crm
    from pipelines.settings import CrmConfig, load_settings
    settings = load_settings({"OTVET_HOME": sys.argv[1], "OTVET_CONFIG": ""})
    load_crm(settings, CrmConfig.model_validate_json(sys.argv[2]))
    """


def killed(seed: int, crm: Crm, account: object, home: Settings) -> None:
    """Kill a load at a random moment, again and again while time goes on; then load in peace."""
    chance = random.Random(seed)
    command = [sys.executable, "-c", textwrap.dedent(LOAD), str(home.home)]
    for _ in range(2):
        process = subprocess.Popen(
            [*command, account.model_dump_json()], cwd=ROOT, stderr=subprocess.DEVNULL  # type: ignore[attr-defined]
        )  # fmt: skip
        time.sleep(chance.uniform(1.0, 6.0))
        process.kill()
        process.wait()
        crm.advance(crm.now + DAY)
    load(home, account)  # type: ignore[arg-type]
    assert_true(arrived(home, account), crm)  # type: ignore[arg-type]


def test_killed_load_comes_again(
    crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    killed(1, crm, config(served(emulator)), new_home())


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 30))
def test_killed_at_twenty_random_moments(
    seed: int, crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    killed(seed, crm, config(served(emulator)), new_home())


def test_limit_is_never_exceeded(
    crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    emulator.gate.calls = 7  # per second, as documented
    account = config(served(emulator), per_second=6)

    load(new_home(), account)

    assert emulator.gate.requests > 20
    assert (emulator.gate.refused, emulator.gate.most <= 7) == (0, True)


def test_block_ends_the_load(emulator: AmoCrm, served: Served, new_home: NewHome) -> None:
    """Whoever goes on after 429 gets a page of HTML with 403: no request follows it."""
    emulator.gate.calls, emulator.gate.refused = 0, 31
    account = config(served(emulator))

    with pytest.raises(BlockedError, match="wait an hour"):
        load(new_home(), account)

    assert emulator.gate.requests == 1


def test_token_that_ended_is_told(
    emulator: AmoCrm, served: Served, new_home: NewHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTVET_AMO_TOKEN", "withdrawn-secret")

    with pytest.raises(AccessError, match="issue a new one") as told:
        load(new_home(), config(served(emulator)))

    assert "withdrawn-secret" not in str(told.value)


def test_no_right_to_users_costs_only_their_names(
    crm: Crm, emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    emulator.users_allowed = False
    account, home = config(served(emulator)), new_home()

    report = load(home, account)

    assert report.notes == [
        "no right to read users: deals are loaded without names of their owners"
    ]
    deals = arrived(home, account)["int_deals__amocrm"]
    assert len(deals) == len(crm.deals)
    assert {row[21] for row in deals} == {None}


def test_link_to_another_host_is_not_followed(
    emulator: AmoCrm, served: Served, new_home: NewHome
) -> None:
    account = config(served(emulator))
    emulator.base_url = "http://127.0.0.2:9"

    with pytest.raises(ApiError, match="another host"):
        load(new_home(), account)
