"""Parquet columns that keep their types give the rows that the same values as text give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from pipelines.sources._common.exports import SourceFileError
from tests.sources.tabular.tabular_support import read_all

_START = datetime(2026, 3, 29, 0, 30, 0, 123456)  # noqa: DTZ001 - the summer time begins that night
_ROWS = 40
COLUMNS = {
    "thread_id": "thread",
    "message_id": "id",
    "message_seq": "seq",
    "sent_at": "sent",
    "edited_at": "edited",
    "is_group": "group",
    "author_type": "role",
    "author_source_id": "author",
    "text": "text",
}


def table() -> pa.Table:
    moments: list[datetime | None] = [_START + timedelta(minutes=7 * n) for n in range(_ROWS)]
    moments[3] = None  # rejected: a message needs a moment
    moments[4] = datetime(1901, 1, 1)  # noqa: DTZ001 - rejected: no plausible one
    edited = [None if n % 3 else datetime(2026, 4, 1, n % 24, tzinfo=UTC) for n in range(_ROWS)]
    return pa.table(
        {
            "thread": pa.array([n // 4 for n in range(_ROWS)], pa.int32()),
            "id": pa.array(range(_ROWS), pa.int64()),
            "seq": pa.array([None if n == 7 else n * 10 for n in range(_ROWS)], pa.int64()),
            "sent": pa.array(moments, pa.timestamp("us")),
            "edited": pa.array(edited, pa.timestamp("us", tz="Europe/Berlin")),
            "group": pa.array([n % 8 < 4 for n in range(_ROWS)]),
            "role": pa.array(["customer" if n % 2 else "agent" for n in range(_ROWS)]),
            "author": pa.array([f"a{n % 5}" for n in range(_ROWS)]),
            "text": pa.array(
                [None if n == 9 else f" Номер {n}: +7916123450{n % 10} " for n in range(_ROWS)]
            ),
        }
    )


def as_text(values: pa.Table) -> pa.Table:
    zoned = pc.cast(values["edited"], pa.timestamp("us", tz="UTC"))
    columns = {
        "sent": pc.strftime(values["sent"], format="%Y-%m-%d %H:%M:%S"),
        "edited": pc.binary_join_element_wise(
            pc.strftime(zoned, format="%Y-%m-%d %H:%M:%S"), "+00", ""
        ),
    }
    return pa.table(
        {n: columns.get(n, pc.cast(values[n], pa.string())) for n in values.column_names}
    )


def mapping(folder: Path, columns: dict[str, str]) -> Path:
    lines = "\n".join(f"{name} = {value}" for name, value in columns.items())
    path = folder / "typed.toml"
    path.write_text(
        'channel_type = "chat"\ntime_zone = "Europe/Berlin"\n'
        + "".join(
            f'[[files]]\nglob = "*.{suffix}"\n[[files.tables]]\nentity = "messages"\n'
            f"[files.tables.columns]\n{lines}\n"
            for suffix in ("parquet", "csv")
        ),
        encoding="utf-8",
    )
    return path


def read(tmp_path: Path, suffix: str, values: pa.Table, columns: dict[str, str]) -> Any:
    path = tmp_path / f"messages.{suffix}"
    if suffix == "csv":
        pa_csv.write_csv(values, path)
    else:
        pq.write_table(values, path)
    return read_all([path], mapping(tmp_path, columns), batch_rows=16)


@pytest.mark.parametrize(
    "change",
    [
        {},
        # Used in an expression as well: there it must be the text that it always was.
        {"reply_to_message_id": "{ sql = \"'m' || seq\" }"},
        {"channel_account_id": "{ column = 'seq', default = 'none' }"},
        {"read_at": '{ column = "sent", zone = "Asia/Tokyo" }'},
    ],
)
def test_typed_and_text_columns_give_the_same_rows(tmp_path: Path, change: dict[str, str]) -> None:
    columns = {name: f'"{source}"' for name, source in COLUMNS.items()} | change
    values = table()
    typed = read(tmp_path, "parquet", values, columns)
    text = read(tmp_path, "parquet", as_text(values), columns)
    delimited = read(tmp_path, "csv", as_text(values), columns)

    assert len(typed.rows("messages")) == _ROWS - 2
    assert typed.rows("messages") == text.rows("messages") == delimited.rows("messages")
    faults = [(row["row_reference"], row["reason"]) for row in typed.rows("rejected_rows")]
    assert faults == [
        (row["row_reference"], row["reason"]) for row in delimited.rows("rejected_rows")
    ]
    assert [place for place, _ in faults] == ["row 4", "row 5"]


def test_wall_time_of_a_typed_column_is_read_in_the_zone_of_the_mapping(tmp_path: Path) -> None:
    columns = {name: f'"{source}"' for name, source in COLUMNS.items()}
    first = read(tmp_path, "parquet", table(), columns).rows("messages")[0]
    assert first["sent_at"] == datetime(2026, 3, 28, 23, 30, 0, 123456, tzinfo=UTC)
    assert first["edited_at"] == datetime(2026, 4, 1, 0, tzinfo=UTC)
    assert first["is_group"] is True


def test_files_of_both_formats_are_read_one_after_another(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    columns = {name: f'"{source}"' for name, source in COLUMNS.items()}
    values = table()
    for number in range(4):
        part = values.slice(number * 10, 10)
        if number % 2:
            pa_csv.write_csv(as_text(part), tmp_path / f"{number}.csv")
        else:
            pq.write_table(part, tmp_path / f"{number}.parquet")
    parts = read_all([tmp_path], mapping(tmp_path, columns)).rows("messages")
    whole = read(tmp_path_factory.mktemp("whole"), "parquet", values, columns).rows("messages")
    assert sorted(row["row_key"] for row in parts) == sorted(row["row_key"] for row in whole)


def test_parquet_damaged_in_its_middle_is_no_readable_file(tmp_path: Path) -> None:
    columns = {name: f'"{source}"' for name, source in COLUMNS.items()}
    path = tmp_path / "messages.parquet"
    pq.write_table(table(), path, compression="none", use_dictionary=False)
    content = bytearray(path.read_bytes())
    # The pages; the schema stands at the end.
    content[4 : len(content) // 2] = b"\xff" * (len(content) // 2 - 4)
    path.write_bytes(content)
    with pytest.raises(SourceFileError, match="is not a readable Parquet file"):
        read_all([path], mapping(tmp_path, columns))
