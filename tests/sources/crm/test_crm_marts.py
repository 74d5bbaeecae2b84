"""The published marts beside the world: deals, money, histories, links and credits to the cent.

Chats come by the exports of the messengers, deals by the API, payments by a table beside it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.sandbox import model
from pipelines.sandbox.apis.serving import Emulator
from pipelines.sandbox.crm import Crm
from pipelines.sandbox.model import World
from pipelines.sandbox.truth_events import EXPORTS
from pipelines.sandbox.writers import write_company
from pipelines.sandbox.writers_tables import CRM_NAME
from pipelines.settings import load_settings
from tests.conftest import otvet
from tests.sandbox.test_round_trip import credits_that_differ, differences, layer_of
from tests.sources.crm.arriving import DAY, Served, damage_deals, load
from tests.sources.crm.vendors import Vendor


def assert_marts(home: Path, crm: Crm) -> None:
    """Compare every metric, the credits of conversations and the sums of deals."""
    # Books are written once, with the payments of all times.
    seen = replace(
        crm.recorded(), tables=crm.recorded().tables | {"payments": crm.world["payments"]}
    )
    layer = layer_of(home)
    try:
        assert differences(layer, seen, EXPORTS, seen.now) == []
        assert credits_that_differ(layer, seen, EXPORTS, seen.now, CRM_NAME) == []
        with layer.publication.connect() as connection:
            found = connection.execute(
                "select status, currency_code, count(*), sum(amount) from fct_deals group by all"
            ).fetchall()
    finally:
        layer.close()
    counts: Counter[tuple[str, str]] = Counter()
    sums: Counter[tuple[str, str]] = Counter()
    for deal in crm.deals.values():
        counts[deal.status, deal.currency_code] += 1
        sums[deal.status, deal.currency_code] += deal.amount
    true = [(*kind, count, model.hundredths(sums[kind])) for kind, count in counts.items()]
    assert sorted(found) == sorted(true)


@pytest.mark.soak
def test_marts_are_what_happened(
    vendor: Vendor, emulator: Emulator, world: World, served: Served, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """After a first load, after thirty days of loads, mended by a second reading, and read anew."""
    crm, home, folder, url = emulator.crm, tmp_path / "home", tmp_path / "company", served(emulator)
    write_company(world, folder, crm=vendor.account.section(CRM_NAME, url, 1_000))
    environment = {
        "OTVET_CONFIG": str(folder / "otvet.toml"), "OTVET_AS_OF": world.now.isoformat(),
        "OTVET_PSEUDONYM_KEY": "k" * 64, **vendor.account.environment(CRM_NAME),
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> None:
        done = otvet(home, "run", *arguments, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        assert_marts(home, crm)

    run()
    settings = load_settings({"OTVET_HOME": str(home), **environment})
    for _ in range(3):
        crm.advance(crm.now + 10 * DAY)
        load(settings, settings.project.crm[0])
    run()
    first_day, _ = damage_deals(settings, vendor, crm)
    run("--since", first_day.isoformat())
    run("--full-refresh")
