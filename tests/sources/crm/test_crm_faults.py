"""Each fault ends in the right data or in a clear error, and the next run loses nothing."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
import time
from contextlib import suppress

import pytest
from _pytest.mark import ParameterSet

from pipelines.sandbox.apis.serving import FAULTS, PAGE_FAULTS, Emulator, FaultKind, Faults
from pipelines.sandbox.crm import Crm
from pipelines.settings import Settings
from pipelines.sources._common.api import AccessError, UnavailableError
from tests.conftest import ROOT
from tests.sources.crm.arriving import (
    DAY,
    IMPATIENT,
    SILENT_SECONDS,
    NewHome,
    Served,
    arrived,
    assert_true,
    load,
)
from tests.sources.crm.vendors import VENDORS, Vendor


def cases(*short: str) -> list[ParameterSet]:
    """Every vendor with every fault; those that are not named are left to long campaigns."""
    every = {f"{vendor.kind}-{kind}": (vendor, kind) for vendor in VENDORS for kind in FAULTS}
    assert every.keys() >= set(short)
    return [
        pytest.param(*case, id=name, marks=() if name in short else pytest.mark.soak)
        for name, case in every.items()
    ]


# Each fault once, with any vendor.
PASSING = cases(
    "amocrm-too_many", "amocrm-unavailable", "amocrm-cut_body", "bitrix24-server_error",
    "bitrix24-html_error", "bitrix24-silence", "hubspot-too_many_with_date",
    "hubspot-unavailable_with_date", "hubspot-dropped",
)  # fmt: skip
STAYING = cases("amocrm-too_many", "bitrix24-html_error", "hubspot-cut_body")


@pytest.mark.parametrize(("vendor", "kind"), PASSING, indirect=["vendor"])
def test_fault_that_passes_is_waited_out(
    kind: FaultKind, vendor: Vendor, emulator: Emulator, served: Served, new_home: NewHome
) -> None:
    account, home = vendor.config(served(emulator)), new_home()
    emulator.faults = Faults(
        at=dict.fromkeys(vendor.faults_at, kind), silent_seconds=SILENT_SECONDS
    )

    load(home, account, **IMPATIENT)

    assert emulator.faults.happened == {kind: 4}
    assert_true(arrived(home, account, vendor), emulator.crm, vendor)


@pytest.mark.parametrize(("vendor", "kind"), STAYING, indirect=["vendor"])
def test_fault_that_stays_is_told_and_the_next_run_is_right(
    kind: FaultKind, vendor: Vendor, emulator: Emulator, served: Served, new_home: NewHome
) -> None:
    account, home = vendor.config(served(emulator)), new_home()
    emulator.faults = Faults(
        at=dict.fromkeys(range(vendor.faults_at[2], 40), kind), silent_seconds=SILENT_SECONDS
    )

    with pytest.raises(UnavailableError) as told:
        load(home, account, attempts=3, **IMPATIENT)

    assert not [value for value in vendor.secrets.values() if value in str(told.value)]
    assert str(told.value).startswith(f"{vendor.name}: ")
    emulator.faults = Faults()
    load(home, account)
    assert_true(arrived(home, account, vendor), emulator.crm, vendor)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_page_that_is_served_twice_hides_none(
    seed: int, vendor: Vendor, emulator: Emulator, served: Served, new_home: NewHome
) -> None:
    crm, account, home = emulator.crm, vendor.config(served(emulator)), new_home()
    emulator.faults = Faults(PAGE_FAULTS, share=0.2, seed=seed, in_a_row=1)
    load(home, account)
    assert_true(arrived(home, account, vendor), crm, vendor)

    crm.advance(crm.now + 10 * DAY)
    load(home, account)

    assert emulator.faults.happened["repeated_page"] > 0
    assert_true(arrived(home, account, vendor), crm, vendor)


def mixed(seed: int, vendor: Vendor, emulator: Emulator, url: str, home: Settings) -> None:
    """Load day by day under random faults, some of which a load does not survive."""
    chance, crm, account = random.Random(seed), emulator.crm, vendor.config(url)
    for _ in range(3):
        emulator.faults = Faults(
            FAULTS, chance.choice([0.05, 0.2, 0.5]), chance.randrange(1 << 30),
            in_a_row=chance.choice([1, 2, 9]), silent_seconds=SILENT_SECONDS,
        )  # fmt: skip
        with suppress(UnavailableError):
            load(home, account, attempts=3, **IMPATIENT)
        crm.advance(crm.now + chance.randrange(DAY, 4 * DAY))
    emulator.faults = Faults()
    load(home, account)
    assert_true(arrived(home, account, vendor), crm, vendor)


@pytest.mark.parametrize("seed", range(1))
@pytest.mark.parametrize("vendor", VENDORS[1:2], indirect=True, ids=lambda vendor: vendor.kind)
def test_random_faults(
    seed: int, vendor: Vendor, emulator: Emulator, served: Served, new_home: NewHome
) -> None:
    mixed(seed, vendor, emulator, served(emulator), new_home())


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 300))
@pytest.mark.usefixtures("plainly")
def test_two_hundred_random_faults(
    seed: int, vendor: Vendor, emulator: Emulator, served: Served, new_home: NewHome
) -> None:
    mixed(seed, vendor, emulator, served(emulator), new_home())


LOAD = """
    import sys
    from pipelines.lib.crm_loading import load_crm
    from pipelines.settings import CrmConfig, load_settings
    settings = load_settings({"OTVET_HOME": sys.argv[1], "OTVET_CONFIG": ""})
    load_crm(settings, CrmConfig.model_validate_json(sys.argv[2]))
    """


def killed(seed: int, vendor: Vendor, emulator: Emulator, url: str, home: Settings) -> None:
    """Kill a load at a random moment, again and again while time goes on; then load in peace."""
    chance, crm, account = random.Random(seed), emulator.crm, vendor.config(url)
    command = [sys.executable, "-c", textwrap.dedent(LOAD), str(home.home)]
    for _ in range(2):
        asked = emulator.gate.requests
        process = subprocess.Popen(
            [*command, account.model_dump_json()], cwd=ROOT, stderr=subprocess.DEVNULL
        )  # fmt: skip
        # Python begins for a second or for ten, and nothing can be lost meanwhile.
        while emulator.gate.requests == asked and process.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.uniform(0.0, 4.0))
        process.kill()
        process.wait()
        crm.advance(crm.now + DAY)
    load(home, account)
    assert_true(arrived(home, account, vendor), crm, vendor)


@pytest.mark.parametrize("vendor", VENDORS[:1], indirect=True, ids=lambda vendor: vendor.kind)
def test_killed_load_comes_again(
    vendor: Vendor, emulator: Emulator, served: Served, new_home: NewHome
) -> None:
    killed(1, vendor, emulator, served(emulator), new_home())


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 30))
def test_killed_at_twenty_random_moments(
    seed: int, vendor: Vendor, emulator: Emulator, served: Served, new_home: NewHome
) -> None:
    killed(seed, vendor, emulator, served(emulator), new_home())


def test_limit_is_never_exceeded(
    vendor: Vendor, crm: Crm, served: Served, new_home: NewHome
) -> None:
    emulator = vendor.account.make(crm)  # with the gate of the vendor

    load(new_home(), vendor.config(served(emulator), per_second=None))

    assert emulator.gate.requests > max(vendor.faults_at)
    assert emulator.gate.refused == 0


def test_credentials_that_ended_are_told(
    vendor: Vendor, emulator: Emulator, served: Served, new_home: NewHome,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    home = new_home()
    for name, value in vendor.withdrawn().items():
        monkeypatch.setenv(name, value)

    with pytest.raises(AccessError, match=vendor.no_rights) as told:
        load(home, vendor.config(served(emulator)))

    assert "withdrawn-secret" not in str(told.value)
