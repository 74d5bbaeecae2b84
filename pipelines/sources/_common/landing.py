"""Landing of a file source: everything is read and checked before anything is loaded.

A reader yields batches of several entities in one pass over its file; they are written to one
Parquet file per entity in a scratch folder, and a dlt source then loads those as Arrow batches.
A reader that fails half-way therefore leaves the warehouse as it was, and memory stays bounded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import dlt
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.sources._common.ahead import ahead
from pipelines.sources._common.contracts import ENTITIES

# The content is part of the key of these, so a known key never needs rewriting. The others are
# snapshots of records that change: their last import wins.
INSERT_ONLY = frozenset({"messages", "rejected_rows"})
# As many as a row group of DuckDB holds, so that each is stored as it comes.
BATCH_ROWS = 122_880
# Tables that may wait for the disk while the reader goes on: few, they are what memory is spent on.
_WAITING_TABLES = 2
_MEMORY = "1GB"  # of DuckDB; what is more goes to the disk
# Each value is another one there: a dictionary of them would be work for nothing.
_UNIQUE = frozenset({"row_key", "message_id", "message_seq", "sent_at", "text"})


class Landing:
    """Parquet files of one import, one per entity, with the rows written to each."""

    def __init__(self, folder: Path, schemas: dict[str, pa.Schema] | None = None) -> None:
        self.folder = folder
        self.rows: dict[str, int] = {}
        self._schemas = ENTITIES if schemas is None else schemas
        self._writers: dict[str, pq.ParquetWriter] = {}
        # Packing a table does not hold the interpreter's lock, so the reader goes on meanwhile.
        self._worker: ThreadPoolExecutor | None = None
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="landing")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._settle(0)
        finally:
            if self._worker is not None:
                self._worker.shutdown(cancel_futures=True)
            for writer in self._writers.values():
                writer.close()
            self._writers.clear()

    def path(self, entity: str) -> Path:
        """Where the rows of an entity are."""
        return self.folder / f"{entity}.parquet"

    def write(self, entity: str, table: pa.Table) -> None:
        """Append a batch; its schema must be the entity's contract.

        What cannot be written is raised here or by a later call, at last when the landing closes.
        """
        assert self._worker is not None, "a landing is written to inside `with`"
        self._settle(_WAITING_TABLES)
        self._waiting.append(self._worker.submit(self._store, entity, table))
        self.rows[entity] = self.rows.get(entity, 0) + table.num_rows

    def write_all(self, batches: Iterable[tuple[str, pa.Table]]) -> None:
        """Drain a reader."""
        for entity, table in batches:
            self.write(entity, table)

    def drop_repeated(self) -> None:
        """Keep one row per key: files of one import may overlap, and a merge inserts what it gets.

        The rows of a key are alike in all that matters. The least one stays, so that neither the
        order of the files nor the number of processors decides.
        """
        with self._session() as connection:
            for entity, rows in self.rows.items():
                surplus = _surplus(connection, self.path(entity), rows)
                if surplus:
                    _keep_least(connection, self.path(entity), self._schemas[entity].names)
                    self.rows[entity] = rows - surplus

    def _settle(self, waiting: int) -> None:
        """Wait until no more than so many tables wait to be written."""
        while len(self._waiting) > waiting:
            self._waiting.popleft().result()

    def _store(self, entity: str, table: pa.Table) -> None:
        schema = self._schemas[entity]
        if entity not in self._writers:
            self._writers[entity] = _parquet_writer(self.path(entity), schema)
        self._writers[entity].write_table(table.cast(schema))

    def batches(self, entity: str, loaded: LoadedBefore | None = None) -> Iterator[pa.Table]:
        """Yield the landed rows; an empty table where there are none, so the table still exists.

        Args:
            entity: whose rows.
            loaded: where to look for keys that were loaded before; their rows are left out.
        """
        schema, path = self._schemas[entity], self.path(entity)
        if not path.exists():
            yield schema.empty_table()
            return
        with self._session() as connection:
            new = None if loaded is None else loaded.new_rows(connection, entity, path)
            if new is not None:
                yield schema.empty_table()
                for batch in connection.execute(new).to_arrow_reader(BATCH_ROWS):
                    yield pa.Table.from_batches([batch]).cast(schema)
                return
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                yield pa.Table.from_batches([batch]).cast(schema)

    def loadable(self, entity: str, load_id: str, loaded: LoadedBefore | None = None) -> LoadFile:
        """Write the rows of `batches` once more, with the load that brings them, as dlt would.

        dlt takes such a file as it is. Given tables it would pass every one through its own
        writer, which costs twice as much and keeps them in memory.
        """
        schema = self._schemas[entity].append(pa.field("_dlt_load_id", pa.string(), nullable=False))
        file = LoadFile(self.folder / f"{entity}.load.parquet", schema)
        with _parquet_writer(file.path, schema) as writer:
            for table in ahead(self.batches(entity, loaded)):
                load_ids = pa.repeat(pa.scalar(load_id), table.num_rows)
                writer.write_table(table.append_column(schema.field(-1), load_ids))
                file.rows += table.num_rows
        return file

    def _session(self) -> duckdb.DuckDBPyConnection:
        spill = str(self.folder / "spill")
        connection = duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": spill})
        connection.execute("set TimeZone = 'UTC'")
        return connection


@dataclass
class LoadFile:
    """A file that dlt loads as it is."""

    path: Path
    schema: pa.Schema
    rows: int = 0


@dataclass(frozen=True)
class LoadedBefore:
    """The dataset of the warehouse into which a landing goes; nobody else writes meanwhile."""

    warehouse: Path
    dataset: str

    def new_rows(
        self, connection: duckdb.DuckDBPyConnection, entity: str, landed: Path
    ) -> str | None:
        """Return the query of the landed rows with new keys, or null where all of them are new."""
        if not self.warehouse.exists():
            return None
        connection.execute(f"attach {_quoted(self.warehouse)} as warehouse (read_only)")
        tables = connection.execute(
            "select 1 from duckdb_tables() where database_name = 'warehouse'"
            " and schema_name = ? and table_name = ?",
            [self.dataset, entity],
        ).fetchone()
        if tables is None:
            return None
        keys = f"select row_key from warehouse.{self.dataset}.{entity}"
        landed_rows = f"from {_quoted(landed)} where row_key"
        known = connection.execute(f"select 1 {landed_rows} in ({keys}) limit 1").fetchone()
        return f"select * {landed_rows} not in ({keys})" if known else None


def landed_resources(
    landing: Landing, entities: Iterable[str], loaded: LoadedBefore | None = None
) -> list[Any]:
    """Return one dlt resource per entity: merged on `row_key`, types frozen.

    Of entities that only grow, what `loaded` holds already is left out, and the rest is appended:
    the same rows as a merge leaves, without writing each of them twice.
    """
    return [_landed_resource(landing, entity, loaded) for entity in entities]


def _landed_resource(landing: Landing, entity: str, loaded: LoadedBefore | None) -> Any:
    grows = entity in INSERT_ONLY
    merge = {"disposition": "merge", "strategy": "insert-only" if grows else "upsert"}
    appends = grows and loaded is not None

    @dlt.resource(
        name=entity,
        primary_key="row_key",
        write_disposition="append" if appends else merge,
        schema_contract={"tables": "evolve", "columns": "evolve", "data_type": "freeze"},
        file_format="parquet",
    )
    def rows() -> Iterator[Any]:
        if not landing.rows.get(entity):
            yield from landing.batches(entity)
            return
        load_id = dlt.current.load_package_state()["load_id"]
        file = landing.loadable(entity, load_id, loaded if appends else None)
        empty = file.schema.empty_table()
        yield dlt.mark.with_file_import(str(file.path), "parquet", file.rows, hints=empty)

    return rows


def _parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Open a file that is read back once, at once: speed counts more than size."""
    return pq.ParquetWriter(
        path,
        schema,
        compression="lz4",
        write_statistics=False,
        use_dictionary=[name for name in schema.names if name not in _UNIQUE],
    )


def _surplus(connection: duckdb.DuckDBPyConnection, path: Path, rows: int) -> int:
    """How many rows have the key of another one."""
    distinct = 0
    # Different hashes prove different keys, in a fraction of the time and memory.
    for key in ("hash(row_key)", "row_key"):
        found = connection.execute(f"select count(distinct {key}) from {_quoted(path)}").fetchone()
        distinct = int(found[0]) if found else 0
        if distinct == rows:
            break
    return rows - distinct


def _keep_least(connection: duckdb.DuckDBPyConnection, path: Path, columns: list[str]) -> None:
    """Rewrite a file with one row per key; only rows of repeated keys are sorted."""
    unique = path.with_suffix(".unique")
    connection.execute(
        f"""
        copy (
            with repeated as (
                select row_key from {_quoted(path)} group by row_key having count(*) > 1
            )
            select * from {_quoted(path)} where row_key not in (from repeated)
            union all
            (
                select distinct on (row_key) * from {_quoted(path)}
                where row_key in (from repeated)
                order by {", ".join(columns)}
            )
        ) to {_quoted(unique)} (format parquet, compression zstd)
        """
    )
    unique.replace(path)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
