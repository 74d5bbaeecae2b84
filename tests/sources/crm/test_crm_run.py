"""The main job on a CRM: what is published, what doctor says, and what happens when it is away."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.lib.doctor import examine
from pipelines.publishing import current_publication
from pipelines.sandbox.apis.accounts import open_gate
from pipelines.sandbox.apis.bitrix24_lines import LINES, SAID, OpenLines, present
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
        url = served(emulator)
        sections.append(vendor.account.section(vendor.name, url, 1000, with_chats=True))
        secrets |= vendor.account.environment(vendor.name)
    write_config(home, *sections)

    done = run(home, secrets)

    assert done.returncode == 0, done.stdout + done.stderr
    for vendor in VENDORS:
        assert published_deals(home, vendor.name) == happened(crm)
    said, sold = said_in_open_lines(crm)
    database = current_publication(home / "published").database
    with duckdb.connect(str(database), read_only=True) as connection:
        assert connection.execute(
            "select source_slug, author_type, count(*) from marts.fct_messages group by all"
            " order by all"
        ).fetchall() == [("bitrix24", kind, said[kind]) for kind in sorted(said)]
        assert connection.execute(
            "select source_slug, crm, deal_count, epoch(last_read_at)"
            " from marts.meta_deal_freshness order by 1"
        ).fetchall() == [
            (vendor.name, vendor.account.kind, len(crm.deals), crm.now)
            for vendor in sorted(VENDORS, key=lambda vendor: vendor.name)
        ]
        # Deals are linked with conversations in the sessions that led to them.
        linked = connection.execute(
            "select count(distinct deal_key) from marts.bridge_conversation_deals"
            " inner join marts.fct_deals using (deal_key)"
            " where link_type = 'exact' and source_slug = 'bitrix24'"
        ).fetchall()
    assert 0.9 * sold < linked[0][0] <= sold


def said_in_open_lines(crm: Crm) -> tuple[Counter[str], int]:
    """How many messages of whom open lines have, and how many deals there are of their chats."""
    sessions = OpenLines(crm, frozenset(LINES)).sessions
    said = Counter(
        str(row["author_type"])
        for session in present(sessions, crm.now)
        for _, row in session.said(crm.now)
        if row["event_type"] == "message" and row["author_type"] in SAID
    )
    deals = [deal for deal in crm.deals.values() if deal.conversation_id is not None]
    return said, len(deals)


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
