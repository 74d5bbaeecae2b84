"""Landing of a file source: everything is read and checked before anything is loaded.

A reader yields batches of several entities in one pass over its file; they are written to one
Parquet file per entity in a scratch folder, and a dlt source then loads those as Arrow batches.
A reader that fails half-way therefore leaves the warehouse as it was, and memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import dlt
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.sources._common.contracts import ENTITIES

# The content is part of the key of these, so a known key never needs rewriting. The others are
# snapshots of records that change: their last import wins.
INSERT_ONLY = frozenset({"messages", "rejected_rows"})
BATCH_ROWS = 100_000


class Landing:
    """Parquet files of one import, one per entity, with the rows written to each."""

    def __init__(self, folder: Path, schemas: dict[str, pa.Schema] | None = None) -> None:
        self.folder = folder
        self.rows: dict[str, int] = {}
        self._schemas = ENTITIES if schemas is None else schemas
        self._writers: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def path(self, entity: str) -> Path:
        """Where the rows of an entity are."""
        return self.folder / f"{entity}.parquet"

    def write(self, entity: str, table: pa.Table) -> None:
        """Append a batch; its schema must be the entity's contract."""
        if entity not in self._writers:
            self._writers[entity] = pq.ParquetWriter(
                self.path(entity), self._schemas[entity], compression="zstd"
            )
        self._writers[entity].write_table(table.cast(self._schemas[entity]))
        self.rows[entity] = self.rows.get(entity, 0) + table.num_rows

    def write_all(self, batches: Iterable[tuple[str, pa.Table]]) -> None:
        """Drain a reader."""
        for entity, table in batches:
            self.write(entity, table)

    def drop_repeated(self) -> None:
        """Keep one row per key: files of one import may overlap, and a merge inserts what it gets.

        The rows of a key are alike in all that matters, so any of them will do.
        """
        with duckdb.connect() as connection:
            for entity in self.rows:
                path = str(self.path(entity)).replace("'", "''")
                counted = connection.execute(
                    f"select count(*), count(distinct row_key) from '{path}'"
                ).fetchone()
                if counted is None or counted[0] == counted[1]:
                    continue
                connection.execute(
                    f"copy (select distinct on (row_key) * from '{path}')"
                    f" to '{path}.unique' (format parquet, compression zstd)"
                )
                Path(f"{self.path(entity)}.unique").replace(self.path(entity))
                self.rows[entity] = counted[1]

    def batches(self, entity: str) -> Iterator[pa.Table]:
        """Yield the landed rows; an empty table where there are none, so the table still exists."""
        if not self.path(entity).exists():
            yield self._schemas[entity].empty_table()
            return
        with pq.ParquetFile(self.path(entity)) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                yield pa.Table.from_batches([batch]).cast(self._schemas[entity])


def landed_resources(landing: Landing, entities: Iterable[str]) -> list[Any]:
    """Return one dlt resource per entity: merge on `row_key`, types frozen."""
    return [_landed_resource(landing, entity) for entity in entities]


def _landed_resource(landing: Landing, entity: str) -> Any:
    disposition = {
        "disposition": "merge",
        "strategy": "insert-only" if entity in INSERT_ONLY else "upsert",
    }

    @dlt.resource(
        name=entity,
        primary_key="row_key",
        write_disposition=disposition,
        schema_contract={"tables": "evolve", "columns": "evolve", "data_type": "freeze"},
        file_format="parquet",
    )
    def rows() -> Iterator[pa.Table]:
        yield from landing.batches(entity)

    return rows
