"""A home that an earlier version loaded: what came to the contracts later comes to its tables."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pytest

from pipelines.lib.loading import load
from pipelines.lib.raw_tables import prepare_raw_tables
from pipelines.settings import Settings, load_settings
from pipelines.sources._common.contracts import ENTITIES
from pipelines.sources._common.exports import ExportSummary
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.tabular.contract import ADDED_LATER
from pipelines.sources.tabular.mapping import load_mapping
from pipelines.sources.tabular.reader import read_tables

MAPPING = """
currency = "RUB"
[[files]]
glob = "payments.csv"
optional_columns = ["of"]
[[files.tables]]
entity = "payments"
[files.tables.columns]
deal_id = "deal"
paid_at = "at"
amount = "amount"
deal_source_name = "of"
"""
PAID_AT = datetime(2025, 5, 1, 10, tzinfo=UTC)


def read_payments(folder: Path, content: str) -> list[dict[str, Any]]:
    (folder / "payments.csv").write_text(content, encoding="utf-8")
    (folder / "own.toml").write_text(MAPPING, encoding="utf-8")
    rows: list[dict[str, Any]] = []
    for entity, table in read_tables(
        [folder / "payments.csv"], mapping=load_mapping(folder / "own.toml"), source_name="book",
        pseudonymizer=Pseudonymizer(b"k" * 32), summary=ExportSummary(),
    ):  # fmt: skip
        assert entity == "payments"
        rows += table.to_pylist()
    return rows


def test_row_without_the_later_columns_has_the_keys_that_it_had(tmp_path: Path) -> None:
    """Else a payment without an id of its own, imported again, would count twice."""
    without = read_payments(tmp_path, "deal,at,amount\n7,2025-05-01T10:00:00Z,5.00\n")
    empty = read_payments(tmp_path, "deal,at,amount,of\n7,2025-05-01T10:00:00Z,5.00,\n")
    # Every column in the order of the contract before: null, text with its length, or value.
    before = f"|4:book-|1:7-|7:payment|{int(PAID_AT.timestamp() * 1_000_000)}|5.00|3:RUB"
    payment_id = "h_" + hashlib.md5(f"payments{before}".encode()).hexdigest()
    before = before.replace("|4:book-", f"|4:book|34:{payment_id}", 1)
    row_key = hashlib.md5(f"payments{before}".encode()).hexdigest()
    for rows in (without, empty):
        assert [(row["payment_id"], row["row_key"]) for row in rows] == [(payment_id, row_key)]
    mixed = read_payments(
        tmp_path,
        "deal,at,amount,of\n7,2025-05-01T10:00:00Z,5.00,\n7,2025-05-01T10:00:00Z,5.00,crm\n",
    )
    assert mixed[0]["row_key"] == row_key
    assert mixed[1]["deal_source_name"] == "crm"
    assert mixed[1]["payment_id"] != payment_id


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"OTVET_HOME": str(tmp_path / "home")})


def load_old(settings: Settings, entity: str, row: dict[str, Any]) -> None:
    """Load a row of the contract as it was."""
    schema = pa.schema([item for item in ENTITIES[entity] if item.name not in ADDED_LATER])
    values = [row | {"row_key": "k1", "source_name": "book"}]
    table = pa.Table.from_pylist(values, schema=schema)
    resource = dlt.resource(
        [table], name=entity, write_disposition="merge", primary_key="row_key",
        file_format="parquet",
    )  # fmt: skip
    settings.ensure_home()
    load(settings, "raw_tabular", [resource])


def test_tables_of_an_old_home_get_the_columns_and_keep_their_rows(settings: Settings) -> None:
    load_old(
        settings, "payments",
        {"payment_id": "p1", "payment_type": "payment", "paid_at": PAID_AT, "amount": Decimal(5)},
    )  # fmt: skip
    load_old(
        settings, "deal_events",
        {"deal_event_id": "e1", "deal_id": "d1", "event_type": "created", "occurred_at": PAID_AT},
    )  # fmt: skip
    prepare_raw_tables(settings)
    prepare_raw_tables(settings)
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        payments = connection.execute(
            "select payment_id, amount, deal_source_name from raw_tabular.payments"
        ).fetchall()
        events = connection.execute(
            "select deal_event_id, from_pipeline, to_pipeline from raw_tabular.deal_events"
        ).fetchall()
    assert payments == [("p1", Decimal("5.00"), None)]
    assert events == [("e1", None, None)]
