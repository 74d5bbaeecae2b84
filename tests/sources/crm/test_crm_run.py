"""The main job on a CRM: what is published, what doctor says, and what happens when it is away."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.lib.doctor import examine
from pipelines.publishing import current_publication
from pipelines.sandbox.apis.accounts import open_gate
from pipelines.sandbox.apis.serving import Emulator
from pipelines.sandbox.crm import Crm
from tests.conftest import otvet
from tests.sources.crm.arriving import Served
from tests.sources.crm.vendors import VENDORS, Vendor

TOML = """
[company]
time_zone = "Europe/Moscow"
"""
Deals = list[tuple[str, int, Decimal]]


def run(home: Path, secrets: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return otvet(
        home, "run", OTVET_CONFIG=str(home / "otvet.toml"), OTVET_PSEUDONYM_KEY="k" * 64, **secrets
    )


def write_config(home: Path, *sections: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "otvet.toml").write_text("\n".join([TOML, *sections]), encoding="utf-8")


def published_deals(home: Path, source: str) -> Deals:
    database = current_publication(home / "published").database
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(
            "select status, count(*), sum(amount) from marts.fct_deals where source_slug = ?"
            " group by all order by all",
            [source],
        ).fetchall()


def happened(crm: Crm) -> Deals:
    deals = list(crm.deals.values())
    return [
        (status, len(found), Decimal(sum(deal.amount for deal in found)).scaleb(-2))
        for status in ("lost", "open", "won")
        if (found := [deal for deal in deals if deal.status == status])
    ]


def test_run_publishes_every_crm(crm: Crm, served: Served, tmp_path: Path) -> None:
    home, secrets = tmp_path / "home", {}
    sections = []
    for vendor in VENDORS:
        emulator = vendor.account.make(crm)
        emulator.gate = open_gate()
        sections.append(vendor.account.section(vendor.name, served(emulator), 1000))
        secrets |= vendor.account.environment(vendor.name)
    write_config(home, *sections)

    done = run(home, secrets)

    assert done.returncode == 0, done.stdout + done.stderr
    for vendor in VENDORS:
        assert published_deals(home, vendor.name) == happened(crm)


@pytest.mark.soak
def test_run_without_the_crm_tells_and_keeps_what_was_read(
    vendor: Vendor, emulator: Emulator, served: Served, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    write_config(home, vendor.account.section(vendor.name, served(emulator), 1000))
    assert run(home, vendor.account.environment(vendor.name)).returncode == 0

    refused = run(home, vendor.withdrawn())
    assert refused.returncode == 1
    assert f"not read: {vendor.name}: " in refused.stderr
    assert "withdrawn-secret" not in refused.stdout + refused.stderr
    logs = [
        path.read_text(errors="replace") for path in (home / "logs").rglob("*") if path.is_file()
    ]
    assert not any("withdrawn-secret" in text for text in logs)

    # What was read before stays published.
    assert published_deals(home, vendor.name) == happened(emulator.crm)


def test_doctor_checks_the_credentials(
    vendor: Vendor, emulator: Emulator, served: Served, tmp_path: Path
) -> None:
    write_config(tmp_path, vendor.account.section(vendor.name, served(emulator), 1000))
    opens = vendor.account.environment(vendor.name)
    for secrets, level, told in (
        (opens, "ok", "can be read"),
        (vendor.withdrawn(), "fail", vendor.no_rights),
        ({}, "fail", next(iter(opens))),
    ):
        environ = {"OTVET_HOME": str(tmp_path), **secrets}
        found = [item for item in examine(environ) if item.subject == f"crm {vendor.name}"]
        assert [item.level for item in found] == [level]
        assert told in found[0].message
        assert "withdrawn-secret" not in found[0].message
