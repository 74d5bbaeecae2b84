"""Rows of a reading that lasts: stored in batches with how far they lead, so that it can go on.

A reading of an API may take an hour and fail in its last minute. What it read is kept here, outside
the warehouse: Parquet files of a few thousand rows, numbered in the order of reading, and a file of
marks that is replaced after them. A reading that was killed goes on from the last marks.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.durable import sync, write_whole
from pipelines.sources._common.contracts import stable_hash
from pipelines.sources._common.privacy import VAULT, Pseudonymizer

Row = dict[str, Any]

_ROWS_IN_MEMORY: Final = 10_000
_SECONDS_IN_MEMORY: Final = 20.0
_MEMORY: Final = "1GB"  # of DuckDB; what is more goes to the disk
_LONGEST_PAUSE: Final = 7 * 86_400  # seconds after which a reading begins anew
_STATE: Final = "state.json"
_VAULT: Final = "vault"


class Spool:
    """The rows of one reading by table and key; of a key that is read again the last row stays.

    Args:
        folder: of this reading alone.
        schemas: of the tables; their rows get `row_key` and `source_name` here.
        source_name: the account that is read.
        people: whose originals are stored with the rows that hide them.
        signature: of the question; what was stored for another one is dropped.
    """

    def __init__(
        self,
        folder: Path,
        schemas: Mapping[str, pa.Schema],
        source_name: str,
        people: Pseudonymizer,
        signature: str,
    ) -> None:
        self.folder = folder
        # Whoever puts rows and marks them as read holds it meanwhile: they are stored together.
        self.lock = threading.RLock()
        self.marks: dict[str, Any] = {}
        self._schemas = {**schemas, _VAULT: VAULT}
        self._source_name = source_name
        self._people = people
        self._signature = stable_hash((signature, *(str(schema) for schema in schemas.values())))
        self._part = 0
        self._buffers: dict[str, dict[str, Row]] = {}
        self._buffered = 0
        self._stored_at = time.monotonic()
        self._open()

    def put(self, table: str, key: tuple[Any, ...], row: Row) -> None:
        """Keep a row instead of an older one of the same key."""
        with self.lock:
            buffer = self._buffers.setdefault(table, {})
            number = stable_hash((self._source_name, *key))
            self._buffered += number not in buffer
            buffer[number] = {"row_key": number, "source_name": self._source_name, **row}
            late = time.monotonic() - self._stored_at > _SECONDS_IN_MEMORY
            if late or self._buffered >= _ROWS_IN_MEMORY:
                self.store()

    def store(self) -> None:
        """Write what is in memory, then the marks: never are there marks without their rows."""
        with self.lock:
            self._part += 1
            for table, buffer in self._buffers.items():
                self._write(table, pa.Table.from_pylist(list(buffer.values()), self._schema(table)))
            originals = self._people.drain()
            if originals.num_rows:
                self._write(_VAULT, originals)
            self._buffers.clear()
            self._buffered = 0
            self._stored_at = time.monotonic()
            state = {"signature": self._signature, "part": self._part, "marks": self.marks}
            write_whole(self.folder / _STATE, orjson.dumps(state))

    def rows(self, table: str) -> Iterator[Row]:
        """Yield the rows of a table in the order of reading: the last one of a key is right."""
        with self.lock:
            parts, buffered = self._parts(table), list(self._buffers.get(table, {}).values())
        for part in parts:
            with pq.ParquetFile(part) as file:
                for batch in file.iter_batches(batch_size=_ROWS_IN_MEMORY):
                    yield from batch.to_pylist()
        yield from buffered

    def values(self, table: str, column: str) -> set[Any]:
        """Return the values of a column; only they are read."""
        with self.lock:
            found = {row[column] for row in self._buffers.get(table, {}).values()}
            for part in self._parts(table):
                found.update(pq.read_table(part, columns=[column])[column].to_pylist())
        return found

    def unite(self, table: str, target: Path) -> int:
        """Write the last row of every key into one file; returns their number."""
        self.store()
        parts = self._parts(table)
        if not parts:
            return 0
        if len(parts) == 1:
            # In one part no key repeats.
            shutil.copyfile(parts[0], target)
            return int(pq.read_metadata(target).num_rows)
        files = ", ".join(_quoted(part) for part in parts)
        columns = ", ".join(self._schema(table).names)
        spill = {"memory_limit": _MEMORY, "temp_directory": str(self.folder / "spill")}
        with duckdb.connect(config=spill) as connection:
            connection.execute("set TimeZone = 'UTC'")
            # Names of parts sort as they were read.
            copied = connection.execute(
                f"""
                copy (
                    with
                    found as (from read_parquet([{files}], filename = true)),
                    repeated as (
                        select row_key, max(filename) as last_part
                        from found group by row_key having count(*) > 1
                    )
                    select {columns} from found
                    where row_key not in (select row_key from repeated)
                    union all
                    select {columns} from found inner join repeated using (row_key)
                    where filename = last_part
                ) to {_quoted(target)} (format parquet, compression lz4)
                """
            ).fetchone()
        return int(copied[0]) if copied else 0

    def originals(self) -> pa.Table:
        """Return the originals of all pseudonyms in the rows, as the vault's table."""
        self.store()
        parts = self._parts(_VAULT)
        if not parts:
            return VAULT.empty_table()
        files = ", ".join(_quoted(part) for part in parts)
        with duckdb.connect() as connection:
            found = connection.execute(
                "select pseudonym, min(kind) as kind, min(original) as original"
                f" from read_parquet([{files}]) group by pseudonym"
            )
            return found.to_arrow_table().cast(VAULT)

    def drop(self) -> None:
        """Forget the reading."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _open(self) -> None:
        state = self._stored_state()
        if state is None:
            self.drop()
        else:
            self._part, self.marks = state["part"], state["marks"]
            for path in self.folder.glob("*.*.parquet*"):
                if int(path.name.partition(".")[0]) > self._part:
                    path.unlink()  # the marks do not know of it
        # Only the owner reads it: it holds originals, as the warehouse does.
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _stored_state(self) -> dict[str, Any] | None:
        path = self.folder / _STATE
        try:
            state: dict[str, Any] = orjson.loads(path.read_bytes())
            age = time.time() - path.stat().st_mtime
        except (FileNotFoundError, orjson.JSONDecodeError):
            return None
        fits = state.get("signature") == self._signature and age < _LONGEST_PAUSE
        return state if fits else None

    def _schema(self, table: str) -> pa.Schema:
        return self._schemas[table]

    def _parts(self, table: str) -> list[Path]:
        return sorted(self.folder.glob(f"*.{table}.parquet"))

    def _write(self, table: str, rows: pa.Table) -> None:
        path = self.folder / f"{self._part:06d}.{table}.parquet"
        new = path.with_suffix(".parquet.new")
        pq.write_table(rows, new, compression="lz4")
        sync(new)
        new.replace(path)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
