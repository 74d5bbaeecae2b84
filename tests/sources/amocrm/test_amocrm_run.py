"""The main job on a CRM: what is published, what doctor says, and what happens when it is away."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.lib.doctor import examine
from pipelines.publishing import current_publication
from pipelines.sandbox.apis.amocrm import AmoCrm
from pipelines.sandbox.crm import Crm
from tests.conftest import otvet

Served = Callable[[AmoCrm], str]
TOML = """
[company]
time_zone = "Europe/Moscow"

[[crm]]
name = "amo"
kind = "amocrm"
url = "{url}"
requests_per_second = 1000

[crm.fields]
amount = "Сумма в валюте"
currency_code = "Валюта"
"""


def run(home: Path, token: str) -> subprocess.CompletedProcess[str]:
    return otvet(
        home, "run", OTVET_CONFIG=str(home / "otvet.toml"), OTVET_AMO_TOKEN=token,
        OTVET_PSEUDONYM_KEY="k" * 64,
    )  # fmt: skip


def published_deals(home: Path) -> list[tuple[str, int, Decimal]]:
    database = current_publication(home / "published").database
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(
            "select status, count(*), sum(amount) from marts.fct_deals group by all order by all"
        ).fetchall()


def happened(crm: Crm) -> list[tuple[str, int, Decimal]]:
    deals = list(crm.deals.values())
    return [
        (status, len(found), Decimal(sum(deal.amount for deal in found)).scaleb(-2))
        for status in ("lost", "open", "won")
        if (found := [deal for deal in deals if deal.status == status])
    ]


def test_run_publishes_the_crm(crm: Crm, emulator: AmoCrm, served: Served, tmp_path: Path) -> None:
    url, home = served(emulator), tmp_path / "home"
    home.mkdir()
    (home / "otvet.toml").write_text(TOML.format(url=url), encoding="utf-8")

    first = run(home, AmoCrm.token)
    assert first.returncode == 0, first.stdout + first.stderr
    assert published_deals(home) == happened(crm)


@pytest.mark.soak
def test_run_without_the_crm_tells_and_keeps_what_was_read(
    crm: Crm, emulator: AmoCrm, served: Served, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "otvet.toml").write_text(TOML.format(url=served(emulator)), encoding="utf-8")
    assert run(home, AmoCrm.token).returncode == 0

    refused = run(home, "withdrawn-secret")
    assert refused.returncode == 1
    assert "not read: amo: api/v4/account answers 401" in refused.stderr
    assert "withdrawn-secret" not in refused.stdout + refused.stderr
    logs = [
        path.read_text(errors="replace") for path in (home / "logs").rglob("*") if path.is_file()
    ]
    assert not any("withdrawn-secret" in text for text in logs)

    # What was read before stays published.
    assert published_deals(home) == happened(crm)


@pytest.mark.parametrize(
    ("token", "level", "told"),
    [
        (AmoCrm.token, "ok", "can be read"),
        ("withdrawn", "fail", "issue a new one"),
        ("", "fail", "OTVET_AMO_TOKEN"),
    ],
)
def test_doctor_checks_the_credentials(
    token: str, level: str, told: str, emulator: AmoCrm, served: Served, tmp_path: Path
) -> None:
    (tmp_path / "otvet.toml").write_text(TOML.format(url=served(emulator)), encoding="utf-8")
    environ = {"OTVET_HOME": str(tmp_path), "OTVET_AMO_TOKEN": token}

    found = [item for item in examine(environ) if item.subject == "crm amo"]

    assert [item.level for item in found] == [level]
    assert told in found[0].message


def test_doctor_says_what_an_account_holds_back(
    emulator: AmoCrm, served: Served, tmp_path: Path
) -> None:
    emulator.has_filter, emulator.users_allowed = False, False
    (tmp_path / "otvet.toml").write_text(TOML.format(url=served(emulator)), encoding="utf-8")
    environ = {**os.environ, "OTVET_HOME": str(tmp_path), "OTVET_AMO_TOKEN": AmoCrm.token}

    found = next(item for item in examine(environ) if item.subject == "crm amo")

    assert found.level == "warn"
    assert "add-on for filters is off" in found.message
    assert "names of their owners" in found.message
