"""The published marts beside the world: deals, money, histories, links and credits to the cent.

The chats come by the exports of the messengers, the deals by the API. A won deal is paid whole when
it is closed: a CRM has no payments of its own, but a field that says what was paid.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.publishing import current_publication
from pipelines.sandbox import model, truth
from pipelines.sandbox.apis.serving import Emulator
from pipelines.sandbox.crm import Crm
from pipelines.sandbox.model import World
from pipelines.sandbox.truth_events import EXPORTS
from pipelines.sandbox.writers import write_company
from pipelines.sandbox.writers_rows import to_rows
from pipelines.semantics import SemanticLayer
from pipelines.settings import load_settings
from tests.conftest import otvet
from tests.sandbox.test_round_trip import credits_that_differ, same
from tests.sources.crm.arriving import DAY, Served, load
from tests.sources.crm.vendors import Vendor

# Payments one by one, costs and ratings come by tables only.
NOT_OF_A_CRM = frozenset(
    {
        "revenue", "refunds", "net_revenue", "refund_rate", "payments_counted",
        "rated_money_share", "spend",
    }
)  # fmt: skip


def world_of(crm: Crm, world: World) -> World:
    """The world as its CRM shows it now."""
    tables = crm.tables()
    payments = [
        {
            "payment_id": row["deal_id"], "deal_id": row["deal_id"], "payment_type": "payment",
            "contact_id": row["contact_id"], "paid_at": row["closed_at"],
            "amount": row["amount"], "currency_code": row["currency_code"],
        }
        for row in to_rows(tables["deals"])
        if row["status"] == "won"
    ]  # fmt: skip
    tables["payments"] = pa.Table.from_pylist(payments, schema=model.PAYMENTS)
    tables["spend"] = world["spend"].slice(0, 0)
    return replace(world, tables=world.tables | tables)


def pipeline_changes(crm: Crm) -> int:
    return sum(
        change.kind == "stage_changed"
        and change.entity_id in crm.deals
        and change.before[0] != change.after[0]
        for change in crm.happened
    )


def assert_marts(home: Path, crm: Crm, world: World, vendor: Vendor) -> None:
    seen = world_of(crm, world)
    happened = truth.observe(seen, EXPORTS, world.now)
    figures = truth.figures_of(happened, seen) | {"deal_pipeline_changes": pipeline_changes(crm)}
    layer = SemanticLayer(current_publication(home / "published"))
    try:
        asked = {name: layer.ask([name]).value(name) for name in figures}
        wrong = {
            name: (true, asked[name])
            for name, true in figures.items()
            if name not in NOT_OF_A_CRM and not name.startswith(("aht_active", "agent_effort"))
            and not same(asked[name], true, 0.0)
        }  # fmt: skip
        assert wrong == {}
        assert len(figures) - len(NOT_OF_A_CRM) > 60
        assert credits_that_differ(layer, seen, EXPORTS, world.now, vendor.name) == []
        with layer.publication.connect() as connection:
            deals = connection.execute(
                "select status, currency_code, count(*), sum(amount) from fct_deals"
                " group by all order by all"
            ).fetchall()
    finally:
        layer.close()
    counted: Counter[tuple[str, str]] = Counter()
    sums: Counter[tuple[str, str]] = Counter()
    for deal in crm.deals.values():
        counted[deal.status, deal.currency_code] += 1
        sums[deal.status, deal.currency_code] += deal.amount
    true = [(*kind, count, model.hundredths(sums[kind])) for kind, count in counted.items()]
    assert deals == sorted(true)


@pytest.mark.soak
def test_marts_are_what_happened(
    vendor: Vendor, emulator: Emulator, world: World, served: Served, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """After a first load, after thirty days of loads, and read anew."""
    crm, home, folder, url = emulator.crm, tmp_path / "home", tmp_path / "company", served(emulator)
    write_company(world, folder)
    config = folder / "otvet.toml"
    chats = config.read_text(encoding="utf-8").partition('[[sources]]\nname = "crm"')[0]
    config.write_text(chats + vendor.toml(url), encoding="utf-8")
    environment = {
        "OTVET_CONFIG": str(config), "OTVET_AS_OF": world.now.isoformat(),
        "OTVET_PSEUDONYM_KEY": "k" * 64, **vendor.environment(),
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> None:
        done = otvet(home, "run", *arguments, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        assert_marts(home, crm, world, vendor)

    run()
    settings = load_settings({"OTVET_HOME": str(home), **environment})
    for _ in range(3):
        crm.advance(crm.now + 10 * DAY)
        load(settings, vendor.config(url))
    run()
    run("--full-refresh")
