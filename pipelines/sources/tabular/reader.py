"""Reads tables by a mapping: files → raw tables of the contract, rejected rows apart."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources._common.ahead import ahead
from pipelines.sources._common.contracts import REJECTED_ROWS, stable_hash
from pipelines.sources._common.exports import AuthorCount, ExportSummary, SourceFileError
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.tabular.discovery import assign_files
from pipelines.sources.tabular.functions import open_evaluator, open_loader
from pipelines.sources.tabular.load import Loaded, Loader, unreadable_parquet
from pipelines.sources.tabular.mapping import Files, Mapping, MappingError, Table
from pipelines.sources.tabular.prepare import Prepared, prepare
from pipelines.sources.tabular.projection import Projection, project
from pipelines.sources.tabular.separate import Separator

_SUMMARY_COLUMNS: Final = ("author_source_id", "author_name")


def read_tables(
    paths: Sequence[Path],
    *,
    mapping: Mapping,
    source_name: str,
    pseudonymizer: Pseudonymizer,
    summary: ExportSummary,
    time_zone: str | None = None,
    batch_rows: int = 50_000,
) -> Iterator[tuple[str, pa.Table]]:
    """Yield (entity, table) batches of the files and folders in `paths`.

    Args:
        paths: files, or folders that are searched; a file that no pattern of the mapping fits
            counts as skipped.
        mapping: see `load_mapping`.
        source_name: name of the data in the raw tables.
        pseudonymizer: hides identifiers of people and masks texts.
        summary: filled on the way; its authors are originals and stay in memory.
        time_zone: zone of wall times, before the mapping's own; a column's zone wins over both.
        batch_rows: rows per table at most.

    Raises:
        SourceFileError: no file fits, a file is not of its format, or a required column is missing.
        MappingError: an expression of the mapping does not fit the columns.
    """
    assigned, skipped = assign_files(paths, mapping)
    summary.skipped += len(skipped)
    zone = time_zone or mapping.time_zone or "UTC"
    with tempfile.TemporaryDirectory(prefix="otvet_tabular_") as folder:
        reader = _Reader(mapping, source_name, pseudonymizer, summary, zone, Path(folder))
        try:
            for path, files in assigned:
                yield from reader.read(path, files, batch_rows)
        finally:
            reader.close()
    summary.us_known = summary.us_known or mapping.us is not None


def source_rules(mapping: Mapping) -> tuple[str | None, str | None, str | None]:
    """Return (rule for "who is us", conversation mode, channel type); null where not said."""
    return mapping.us, mapping.conversation, mapping.channel_type


class _Reader:
    """One run over the files of a mapping: two sessions and what was met so far."""

    def __init__(
        self,
        mapping: Mapping,
        source_name: str,
        pseudonymizer: Pseudonymizer,
        summary: ExportSummary,
        zone: str,
        workdir: Path,
    ) -> None:
        self._mapping = mapping
        self._source_name = source_name
        self._summary = summary
        self._zone = zone
        self._workdir = workdir
        self._evaluator = open_evaluator(workdir)
        self._files = open_loader()
        self._loader = Loader(self._files, self._evaluator)
        self._separator = Separator(mapping, source_name, pseudonymizer)
        self._threads: set[str] = set()

    def close(self) -> None:
        """Close the sessions, so that their spill files go with the work folder."""
        self._files.close()
        self._evaluator.close()
        self._separator.close()

    def read(self, path: Path, files: Files, batch_rows: int) -> Iterator[tuple[str, pa.Table]]:
        """Yield the tables of one file, its rejected rows last."""
        prepared = prepare(
            path,
            workdir=self._workdir,
            encoding=files.encoding,
            quote=files.quote,
            binary=files.kind == "parquet",
        )
        loaded = self._loader.load(prepared, files)
        for table in files.tables:
            yield from self._read_entity(prepared, loaded, table, batch_rows)
        faults = [(place, reason, remedy) for place, reason, remedy in loaded.rejected]
        if faults:
            resource = files.tables[0].entity
            yield "rejected_rows", self._rejected(resource, prepared.key, faults)

    def _read_entity(
        self, prepared: Prepared, loaded: Loaded, table: Table, batch_rows: int
    ) -> Iterator[tuple[str, pa.Table]]:
        relation = loaded.relations[table.explode]
        projection = project(
            self._mapping, table, relation=relation, zone=self._zone, typed=loaded.typed
        )
        positioned = "message_seq" not in table.columns
        # Three threads, so that both processors have work: one evaluates, one hides, this one keys.
        # The sessions may be closed only when nothing runs in them any more.
        with closing(
            ahead(self._hidden(prepared, loaded, table, projection, batch_rows))
        ) as tables:
            for entity, rows in tables:
                if entity == table.entity:
                    yield entity, self._separator.keyed(entity, rows, positioned=positioned)
                else:
                    yield entity, rows

    def _hidden(
        self,
        prepared: Prepared,
        loaded: Loaded,
        table: Table,
        projection: Projection,
        batch_rows: int,
    ) -> Generator[tuple[str, pa.Table]]:
        """Yield tables of the entity that have no keys yet, and tables of rejected rows."""
        with closing(
            self._evaluated(prepared, loaded, table, projection.sql, batch_rows)
        ) as batches:
            for batch in batches:
                rows = pa.Table.from_batches([batch])
                bad = pc.is_valid(rows.column("_problem"))
                good = rows.filter(pc.invert(bad))
                if good.num_rows:
                    hidden = self._separator.hidden(table.entity, good)
                    if table.entity == "messages":
                        self._count(good)
                        self._threads.update(pc.unique(hidden.column("thread_id")).to_pylist())
                        self._summary.chats = len(self._threads)
                    yield table.entity, hidden
                if good.num_rows < rows.num_rows:
                    yield (
                        "rejected_rows",
                        self._faulty(prepared, table, projection, rows.filter(bad)),
                    )

    def _faulty(
        self, prepared: Prepared, table: Table, projection: Projection, rows: pa.Table
    ) -> pa.Table:
        faults = [
            (_row_reference(row, table), *projection.problems[row["_problem"]])
            for row in rows.select(["_row", "_index", "_problem"]).to_pylist()
        ]
        return self._rejected(table.entity, prepared.key, faults)

    def _evaluated(
        self, prepared: Prepared, loaded: Loaded, table: Table, sql: str, batch_rows: int
    ) -> Generator[pa.RecordBatch]:
        try:
            yield from ahead(self._evaluator.execute(sql).to_arrow_reader(batch_rows))
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if loaded.failure is not None:
                raise unreadable_parquet(prepared.origin) from loaded.failure
            if isinstance(error, duckdb.Error):
                raise _expression_error(self._mapping, table, error) from error
            raise

    def _count(self, rows: pa.Table) -> None:
        """Add a batch of messages to the summary, author by author."""
        columns = {
            name: rows.column(name)
            if name in rows.column_names
            else pa.nulls(rows.num_rows, pa.string())
            for name in _SUMMARY_COLUMNS
        }
        counts = pa.table(columns).group_by(list(_SUMMARY_COLUMNS)).aggregate([([], "count_all")])
        for row in counts.to_pylist():
            key = (row["author_source_id"], row["author_name"])
            author = self._summary.authors.setdefault(key, AuthorCount(*key))
            author.messages += row["count_all"]
        self._summary.messages += rows.num_rows
        ends = pc.min_max(rows.column("sent_at")).as_py()
        first, last = self._summary.first_at, self._summary.last_at
        self._summary.first_at = min(first or ends["min"], ends["min"])
        self._summary.last_at = max(last or ends["max"], ends["max"])

    def _rejected(
        self, resource: str, file_key: str, faults: Sequence[tuple[str, str, str]]
    ) -> pa.Table:
        self._summary.rejected += len(faults)
        rows = [
            {
                "row_key": stable_hash((self._source_name, resource, file_key, place, reason)),
                "source_name": self._source_name,
                "resource": resource,
                "file_key": file_key,
                "row_reference": place,
                "reason": reason,
                "remedy": remedy,
            }
            for place, reason, remedy in faults
        ]
        return pa.Table.from_pylist(rows, schema=REJECTED_ROWS)


def _row_reference(row: dict[str, int], table: Table) -> str:
    """Name the record, counted from 1 without the header, and the item of an exploded list."""
    return f"row {row['_row']}" + (f", item {row['_index']}" if table.explode else "")


def _expression_error(mapping: Mapping, table: Table, error: duckdb.Error) -> MappingError:
    """Say what DuckDB says about the expressions, without the query around them."""
    problem = str(error).partition("\n")[0]
    return MappingError(
        f"mapping {mapping.name}",
        f"tables.{table.entity}",
        problem,
        "Correct the expression; a name with capitals, spaces or dots needs double quotes",
    )


__all__ = ["MappingError", "SourceFileError", "read_tables", "source_rules"]
