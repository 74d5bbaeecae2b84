"""What a reading stored is there for the next one, and nothing that its marks do not know of."""

from __future__ import annotations

import stat
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.sources._common import spool as spooling
from pipelines.sources._common.crm import crm_schema
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources._common.spool import Spool

SCHEMAS = {"deals": crm_schema(pa.field("deal_id", pa.int64()), pa.field("price", pa.int64()))}


def opened(folder: Path, signature: str = "account", people: Pseudonymizer | None = None) -> Spool:
    people = people or Pseudonymizer(b"k" * 32)
    return Spool(folder / "amo", SCHEMAS, "amo", people, signature)


def put(spool: Spool, *deals: tuple[int, int]) -> None:
    for number, price in deals:
        spool.put("deals", (number,), {"deal_id": number, "price": price})


def united(spool: Spool, folder: Path) -> list[tuple[int, int]]:
    target = folder / "united.parquet"
    rows = pq.read_table(target).to_pylist() if spool.unite("deals", target) else []
    return sorted((row["deal_id"], row["price"]) for row in rows)


@pytest.mark.parametrize("in_memory", [1, 2, 3, 100])
def test_last_reading_of_a_key_stays(
    in_memory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooling, "_ROWS_IN_MEMORY", in_memory)
    spool = opened(tmp_path)

    put(spool, (1, 10), (2, 20), (1, 11), (3, 30), (1, 12), (2, 19))

    assert united(spool, tmp_path) == [(1, 12), (2, 19), (3, 30)]
    assert {row["deal_id"]: row["price"] for row in spool.rows("deals")} == {1: 12, 2: 19, 3: 30}
    assert spool.values("deals", "deal_id") == {1, 2, 3}


def test_rows_in_memory_are_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "_ROWS_IN_MEMORY", 10)
    spool = opened(tmp_path)

    put(spool, *((number, 0) for number in range(95)))

    parts = sorted((tmp_path / "amo").glob("*.deals.parquet"))
    assert [pq.read_metadata(part).num_rows for part in parts] == [10] * 9


def test_reading_goes_on_from_its_marks(tmp_path: Path) -> None:
    first = opened(tmp_path)
    put(first, (1, 10))
    first.marks["pages"] = 1
    first.store()
    put(first, (1, 11), (2, 20))
    first.marks["pages"] = 2  # not stored: the process is killed here

    second = opened(tmp_path)

    assert second.marks == {"pages": 1}
    put(second, (2, 21))
    assert united(second, tmp_path) == [(1, 10), (2, 21)]


def test_rows_without_their_marks_are_dropped(tmp_path: Path) -> None:
    """Killed after the rows were written and before the marks: they are read again."""
    first = opened(tmp_path)
    put(first, (1, 10))
    first.store()
    state = (tmp_path / "amo" / "state.json").read_bytes()
    put(first, (7, 70))
    first.store()
    (tmp_path / "amo" / "state.json").write_bytes(state)

    assert united(opened(tmp_path), tmp_path) == [(1, 10)]


def test_what_was_stored_for_another_question_is_dropped(tmp_path: Path) -> None:
    first = opened(tmp_path)
    put(first, (1, 10))
    first.marks["pages"] = 1
    first.store()

    other = opened(tmp_path, signature="another account")

    assert other.marks == {}
    assert united(other, tmp_path) == []


def test_originals_go_on_with_the_rows_that_hide_them(tmp_path: Path) -> None:
    people = Pseudonymizer(b"k" * 32)
    first = opened(tmp_path, people=people)
    hidden = people.pseudonym("phone", "+79160000001")
    put(first, (1, 10))
    first.store()

    second = opened(tmp_path)

    assert [(row["pseudonym"], row["original"]) for row in second.originals().to_pylist()] == [
        (hidden, "+79160000001")
    ]
    assert stat.S_IMODE((tmp_path / "amo").stat().st_mode) == 0o700
    second.drop()
    assert not (tmp_path / "amo").exists()
