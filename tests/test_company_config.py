"""Rates and identity rules that people write; errors name file, row and column."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.lib.company_config import read_company_config
from pipelines.lib.company_tables import exchange_rates_table, identity_rules_table
from pipelines.settings import PROJECT_ROOT, ConfigurationError
from pipelines.sources._common.privacy import Pseudonymizer

HEADER = "date,currency_code,rate\n"


def rates_of(folder: Path, rows: str) -> list[dict[str, object]]:
    (folder / "exchange_rates.csv").write_text(HEADER + rows, encoding="utf-8")
    config = read_company_config(folder, PROJECT_ROOT / "config")
    return exchange_rates_table(config.exchange_rates).to_pylist()


def test_rate_holds_until_the_next_of_its_currency(tmp_path: Path) -> None:
    rows = rates_of(
        tmp_path, "2026-02-01,EUR,91\n2026-01-15,USD,80.5\n2026-01-01,EUR,90.12345678\n"
    )
    assert [
        (row["currency_code"], row["valid_from"], row["valid_to"], row["rate"]) for row in rows
    ] == [
        ("EUR", date(2026, 1, 1), date(2026, 2, 1), Decimal("90.12345678")),
        ("EUR", date(2026, 2, 1), None, Decimal(91)),
        ("USD", date(2026, 1, 15), None, Decimal("80.5")),
    ]
    assert len({row["row_key"] for row in rows}) == 3


def test_no_file_means_no_rates(tmp_path: Path) -> None:
    config = read_company_config(tmp_path, PROJECT_ROOT / "config")
    assert exchange_rates_table(config.exchange_rates).num_rows == 0


@pytest.mark.parametrize(
    ("row", "column", "problem"),
    [
        (",EUR,90", "date", "is empty"),
        ("1.2.2026,EUR,90", "date", "is not a date"),
        ("2026-01-01,,90", "currency_code", "is empty"),
        ("2026-01-01,euro,90", "currency_code", "is not a code"),
        ("2026-01-01,EUR,", "rate", "is empty"),
        ("2026-01-01,EUR,ninety", "rate", "is not a number"),
        ('2026-01-01,EUR,"90,5"', "rate", "is not a number"),
        ("2026-01-01,EUR,0", "rate", "is not between"),
        ("2026-01-01,EUR,-90", "rate", "is not between"),
        ("2026-01-01,EUR,NaN", "rate", "is not between"),
        ("2026-01-01,EUR,1e10", "rate", "is not between"),
        ("2026-01-01,EUR,0.123456789", "rate", "more than 8 decimals"),
        ("2025-12-31,USD,80", "date", "in row 2 already"),
    ],
)
def test_wrong_rate_names_file_row_and_column(
    tmp_path: Path, row: str, column: str, problem: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        rates_of(tmp_path, f"2025-12-31,USD,80\n{row}\n")
    message = str(raised.value)
    assert f"exchange_rates.csv, row 3, {column}: " in message
    assert problem in message


IDENTITY_HEADER = "rule,first,second,comment\n"


def test_identity_rules_name_parties_and_points_or_the_phone_itself(tmp_path: Path) -> None:
    people = Pseudonymizer(b"k" * 32)
    office, box = people.pseudonym("phone", "+79991234567"), people.pseudonym("email", "a@b.ru")
    account = people.pseudonym("telegram_user", "user1")
    (tmp_path / "identity.csv").write_text(
        IDENTITY_HEADER
        + f"shared,8 (999) 123-45-67,,the office\nshared,A@b.ru,,\nshared,{office},,again\n"
        + f"together,{account},crm/12,\napart,crm/13,,\n",
        encoding="utf-8",
    )
    config = read_company_config(tmp_path, PROJECT_ROOT / "config")

    found = identity_rules_table(config.identity, people).to_pylist()

    assert {(row["rule"], row["first_id"], row["second_id"]) for row in found} == {
        ("shared", office, None), ("shared", box, None),
        ("together", account, "crm/12"), ("apart", "crm/13", None),
    }  # fmt: skip
    assert len(found) == len({row["row_key"] for row in found}) == 4


@pytest.mark.parametrize(
    ("line", "column", "problem"),
    [
        ("merge,a,b,", "rule", "'merge' is none of together, apart, shared"),
        ("together,a,,", "second", "is empty"),
        ("apart,a,b,", "second", "names one thing only"),
        ("shared,,,", "first", "is empty"),
    ],
)
def test_wrong_identity_rule_is_named(tmp_path: Path, line: str, column: str, problem: str) -> None:
    (tmp_path / "identity.csv").write_text(f"{IDENTITY_HEADER}apart,x,,\n{line}\n", "utf-8")
    with pytest.raises(ConfigurationError) as error:
        read_company_config(tmp_path, PROJECT_ROOT / "config")
    assert f"identity.csv, row 3, {column}: " in str(error.value)
    assert problem in str(error.value)
