"""Landing: one row per key whatever the order, and only what the warehouse does not hold."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.lib.loading import load
from pipelines.settings import Settings, load_settings
from pipelines.sources._common.contracts import AGENTS, MESSAGES
from pipelines.sources._common.landing import Landing, LoadedBefore, landed_resources

DATASET = "raw_telegram_export"


def messages(*rows: tuple[str, int, str]) -> pa.Table:
    """Messages of (key, place, text)."""
    return pa.Table.from_pylist(
        [
            {
                "row_key": key, "source_name": "s", "channel_type": "telegram", "thread_id": "t",
                "is_group": False, "message_id": key, "message_seq": place,
                "event_type": "message", "sent_at": datetime(2026, 6, 1, tzinfo=UTC),
                "is_public": True, "is_template": False, "content_type": "text", "text": text,
            }
            for key, place, text in rows
        ],
        schema=MESSAGES,
    )  # fmt: skip


def landed(folder: Path, *tables: pa.Table) -> Landing:
    with Landing(folder) as landing:
        for table in tables:
            landing.write("messages", table)
    landing.drop_repeated()
    return landing


def rows(landing: Landing) -> list[tuple[Any, ...]]:
    found = pa.concat_tables(landing.batches("messages")).select(["row_key", "message_seq", "text"])
    return sorted(tuple(row.values()) for row in found.to_pylist())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"OTVET_HOME": str(tmp_path / "home")})


def test_of_repeated_keys_the_same_row_stays_in_any_order(tmp_path: Path) -> None:
    first, second = messages(("a", 2, "x"), ("b", 1, "y")), messages(("a", 1, "x"), ("c", 1, "z"))
    expected = [("a", 1, "x"), ("b", 1, "y"), ("c", 1, "z")]
    for folder, tables in (("1", (first, second)), ("2", (second, first))):
        landing = landed(tmp_path / folder, *tables)
        assert rows(landing) == expected
        assert landing.rows == {"messages": 3}


def test_only_new_keys_are_appended_and_loading_again_adds_none(
    settings: Settings, tmp_path: Path
) -> None:
    settings.ensure_home()
    loaded = LoadedBefore(settings.warehouse, DATASET)
    older = landed(tmp_path / "1", messages(("a", 1, "x"), ("b", 2, "y")))
    newer = landed(tmp_path / "2", messages(("b", 2, "y"), ("c", 3, "z")))
    for landing in (older, newer, newer, older):
        load(settings, DATASET, landed_resources(landing, ["messages", "agents"], loaded))
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        keys = connection.execute(
            f"select row_key, count(*), min(_dlt_load_id) from {DATASET}.messages group by all"
        ).fetchall()
        agents = connection.execute(f"select * from {DATASET}.agents").to_arrow_table()
    assert sorted(key[:2] for key in keys) == [("a", 1), ("b", 1), ("c", 1)]
    # A row keeps the load that brought it.
    assert len({key[2] for key in keys}) == 2
    assert set(AGENTS.names) <= set(agents.column_names)


def test_file_for_the_loader_has_its_load_and_the_row_groups_of_the_warehouse(
    tmp_path: Path,
) -> None:
    with Landing(tmp_path) as landing:
        for start in range(0, 300_000, 50_000):
            keys = pa.array([f"k{number}" for number in range(start, start + 50_000)])
            rows = messages(("k", 1, "x")).take(pa.array([0] * 50_000))
            landing.write("messages", rows.set_column(0, MESSAGES.field(0), keys))
    file = landing.loadable("messages", "1764000000.25")
    with pq.ParquetFile(file.path) as written:
        groups = [written.metadata.row_group(at).num_rows for at in range(3)]
        table = written.read(["row_key", "_dlt_load_id"])
    # A row group of the warehouse; others are packed anew there, for twice the time.
    assert groups == [122_880, 122_880, 54_240]
    assert file.rows == 300_000
    assert table.column("row_key").to_pylist() == [f"k{number}" for number in range(300_000)]
    assert table.column("_dlt_load_id").unique().to_pylist() == ["1764000000.25"]


def test_rows_carry_the_id_of_the_load_that_dlt_recorded(
    settings: Settings, tmp_path: Path
) -> None:
    settings.ensure_home()
    loaded = LoadedBefore(settings.warehouse, DATASET)
    for number, key in enumerate("ab"):
        landing = landed(tmp_path / str(number), messages((key, 1, "x")))
        load(settings, DATASET, landed_resources(landing, ["messages"], loaded))
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        found = connection.execute(
            f"select row_key, load_id from {DATASET}.messages"
            f" join {DATASET}._dlt_loads on load_id = _dlt_load_id order by load_id"
        ).fetchall()
    assert [key for key, _ in found] == ["a", "b"]
    assert found[0][1] < found[1][1]


def test_appending_and_merging_leave_the_same_rows(settings: Settings, tmp_path: Path) -> None:
    settings.ensure_home()
    loaded = LoadedBefore(settings.warehouse, DATASET)
    parts = [
        landed(tmp_path / str(number), messages(*((key, 1, key) for key in keys)))
        for number, keys in enumerate(("ab", "bc", "cd"))
    ]
    for landing, before in zip(parts, (None, loaded, None), strict=True):
        load(settings, DATASET, landed_resources(landing, ["messages"], before))
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        keys = connection.execute(f"select row_key from {DATASET}.messages").fetchall()
    assert sorted(keys) == [("a",), ("b",), ("c",), ("d",)]


def test_table_that_cannot_be_written_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    wrong = messages(("a", 1, "x")).drop_columns(["thread_id"])
    with pytest.raises(ValueError, match="thread_id"), Landing(tmp_path) as landing:
        landing.write("messages", wrong)
