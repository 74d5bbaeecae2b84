"""Files into tables of the evaluating session: every column as text, every row with its number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.sources._common.exports import SourceFileError
from pipelines.sources.tabular.delimited import csv_header, patient_rows
from pipelines.sources.tabular.functions import identifier, literal
from pipelines.sources.tabular.mapping import PSEUDO_COLUMNS, Files, Table
from pipelines.sources.tabular.prepare import Prepared
from pipelines.sources.tabular.projection import NATIVE, plain_columns
from pipelines.sources.tabular.records import BadLine, Damaged, flatten, read_records

_BATCH = 20_000
_READ_ROWS = 100_000
_MAX_LINE_BYTES = 32 << 20


@dataclass
class Loaded:
    """A file in the session: relation of each `explode`, and the rows that could not be read."""

    relations: dict[str | None, str] = field(default_factory=dict)
    # Columns that kept their type, because the mapping takes them as they are: name → type.
    typed: dict[str, str] = field(default_factory=dict)
    # Why a file that is read while its rows are evaluated could not be read to its end.
    failure: Exception | None = None
    rejected: list[tuple[str, str, str]] = field(default_factory=list)  # place, reason, remedy


class Loader:
    """Reads one file at a time into `evaluator`; the files themselves are seen by `reader` only."""

    def __init__(
        self, reader: duckdb.DuckDBPyConnection, evaluator: duckdb.DuckDBPyConnection
    ) -> None:
        self._reader = reader
        self._evaluator = evaluator

    def load(self, prepared: Prepared, files: Files) -> Loaded:
        """Load the columns that the mapping uses.

        Raises:
            SourceFileError: not a file of this format, or a required column is missing.
        """
        loaded = Loaded()
        if files.kind in ("csv", "tsv"):
            self._load_csv(prepared, files, loaded)
        elif files.kind == "parquet":
            self._load_parquet(prepared, files, loaded)
        else:
            self._load_records(prepared, files, loaded)
        if prepared.damage:
            loaded.rejected.append(("end of file", prepared.damage, "Export the file again"))
        return loaded

    def _load_csv(self, prepared: Prepared, files: Files, loaded: Loaded) -> None:
        delimiter = files.delimiter or ("\t" if files.kind == "tsv" else ",")
        header = csv_header(prepared.plain, delimiter, files.quote, prepared.origin)
        wanted = _wanted(prepared.origin, files, header)
        relation = loaded.relations[None] = "rows_0"
        # DuckDB drops a last row with an unclosed quote in silence, hence the count of quotes.
        if prepared.quotes % 2 == 0 and (prepared.ends_with_line or not prepared.damage):
            options = ", ".join(f"{literal(name)}: 'varchar'" for name in header)
            quote = literal(files.quote)
            scan = (
                f"read_csv({literal(str(prepared.plain))}, auto_detect = false, header = true, "
                f"delim = {literal(delimiter)}, quote = {quote}, escape = {quote}, "
                f"columns = {{{options}}}, strict_mode = true, parallel = false, "
                f"max_line_size = {_MAX_LINE_BYTES})"
            )
            # Any irregularity ends the fast way; the slow one knows which line it was.
            with suppress(duckdb.Error, pa.ArrowException):
                self._copy(relation, wanted, scan, files, prepared.origin)
                return
        rows = patient_rows(prepared, delimiter, files.quote, header, loaded.rejected)
        self._insert(relation, wanted, rows, files, prepared.origin)

    def _load_parquet(self, prepared: Prepared, files: Files, loaded: Loaded) -> None:
        try:
            header = list(pq.read_schema(prepared.plain).names)
            wanted = _wanted(prepared.origin, files, header)
            scan = f"read_parquet({literal(str(prepared.plain))})"
            if _can_stream(files):
                loaded.typed = self._native_types(wanted, scan, files.tables[0])
                loaded.relations[None] = "stream"
                self._stream("stream", wanted, scan, loaded)
            else:
                loaded.relations[None] = "rows_0"
                self._copy("rows_0", wanted, scan, files, prepared.origin)
        except (pa.ArrowException, duckdb.Error, OSError) as error:
            raise unreadable_parquet(prepared.origin) from error

    def _load_records(self, prepared: Prepared, files: Files, loaded: Loaded) -> None:
        explodes = dict.fromkeys(table.explode for table in files.tables)
        names = sorted(files.sources())
        found: set[str] = set()
        for number, explode in enumerate(explodes):
            relation = loaded.relations[explode] = f"rows_{number}"
            self._create(relation, names)
        buffers: dict[str | None, list[tuple[int, int, Sequence[str | None]]]] = {
            explode: [] for explode in explodes
        }
        number = 0
        try:
            for number, record in enumerate(
                read_records(prepared.plain, files.kind, files.records), start=1
            ):
                if isinstance(record, BadLine):
                    place = f"line {record['line']}" if files.kind == "jsonl" else f"row {number}"
                    loaded.rejected.append((place, "is no record", "Correct or remove it"))
                    continue
                for explode, buffer in buffers.items():
                    for index, row in flatten(record, explode):
                        found.update(row)
                        buffer.append((number, index, [row.get(name) for name in names]))
                    if len(buffer) >= _BATCH:
                        self._append(loaded.relations[explode], names, buffer)
                        buffer.clear()
        except Damaged as damage:
            loaded.rejected.append((f"from {damage.place}", damage.reason, "Export the file again"))
        if number and number == len(loaded.rejected):
            raise SourceFileError(
                prepared.origin, f"holds no {files.kind} record", "Check the format in the mapping"
            )
        for explode, buffer in buffers.items():
            self._append(loaded.relations[explode], names, buffer)
            self._finish(loaded.relations[explode], files, prepared.origin)
        if number > len(loaded.rejected):
            _refuse_missing(prepared.origin, sorted(files.required_columns() - found), found)

    def _copy(
        self, relation: str, wanted: dict[str, str | None], scan: str, files: Files, origin: Path
    ) -> None:
        """Stream a scan of the reading session into a table of the evaluating one."""
        batches = self._reader.execute(_selection(wanted, scan, {})).to_arrow_reader(_READ_ROWS)
        self._evaluator.register("incoming", batches)
        try:
            self._evaluator.execute(f"create or replace temp table {relation} as from incoming")
        finally:
            self._evaluator.unregister("incoming")
        self._finish(relation, files, origin)

    def _stream(
        self, relation: str, wanted: dict[str, str | None], scan: str, loaded: Loaded
    ) -> None:
        """Let the evaluating session read a scan of the reading one, once and as it goes."""
        source = self._reader.execute(_selection(wanted, scan, loaded.typed)).to_arrow_reader(
            _READ_ROWS
        )

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                yield from source
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                # Else it would pass for an error of the mapping's expressions.
                loaded.failure = error
                raise

        self._evaluator.register(
            relation, pa.RecordBatchReader.from_batches(source.schema, batches())
        )

    def _native_types(
        self, wanted: dict[str, str | None], scan: str, table: Table
    ) -> dict[str, str]:
        """Columns whose type is the one that the table wants, so that no text is made of them."""
        described = self._reader.execute(f"describe select * from {scan}").fetchall()
        types = {name: kind for name, kind, *_ in described}
        plain = plain_columns(table)
        return {
            name: types[source]
            for name, source in wanted.items()
            if source is not None and types[source] in NATIVE.get(plain.get(name, "text"), ())
        }

    def _insert(
        self,
        relation: str,
        wanted: dict[str, str | None],
        rows: Iterable[tuple[int, dict[str, str]]],
        files: Files,
        origin: Path,
    ) -> None:
        self._create(relation, wanted)
        buffer: list[tuple[int, int, Sequence[str | None]]] = []
        for number, row in rows:
            buffer.append(
                (number, 1, [row.get(source) if source else None for source in wanted.values()])
            )
            if len(buffer) >= _BATCH:
                self._append(relation, list(wanted), buffer)
                buffer.clear()
        self._append(relation, list(wanted), buffer)
        self._finish(relation, files, origin)

    def _create(self, relation: str, names: Iterable[str]) -> None:
        columns = "".join(f", {identifier(name)} varchar" for name in names)
        self._evaluator.execute(
            f"create or replace temp table {relation} (_row bigint, _index bigint{columns})"
        )

    def _append(
        self,
        relation: str,
        names: Sequence[str],
        rows: Sequence[tuple[int, int, Sequence[str | None]]],
    ) -> None:
        if not rows:
            return
        columns = [
            pa.array([row[0] for row in rows], pa.int64()),
            pa.array([row[1] for row in rows], pa.int64()),
            *(pa.array([row[2][i] for row in rows], pa.string()) for i in range(len(names))),
        ]
        batch = pa.table(columns, names=["_row", "_index", *names])
        self._evaluator.register("incoming", batch)
        try:
            self._evaluator.execute(f"insert into {relation} from incoming")
        finally:
            self._evaluator.unregister("incoming")

    def _finish(self, relation: str, files: Files, origin: Path) -> None:
        """Add `_file` and `_occurrence` where the mapping uses them."""
        used = frozenset[str]().union(*(table.sources() for table in files.tables))
        extra = []
        if "_file" in used:
            name = origin.name.removesuffix(".gz")
            extra.append(f"{literal(Path(name).stem)} as _file")
        if "_occurrence" in used:
            keys = ", ".join(identifier(name) for name in sorted(used - PSEUDO_COLUMNS))
            extra.append(f"row_number() over (partition by {keys} order by _row) as _occurrence")
        if extra:
            self._evaluator.execute(
                f"create or replace temp table {relation} as "
                f"select *, {', '.join(extra)} from {relation} order by _row, _index"
            )


def unreadable_parquet(origin: Path) -> SourceFileError:
    """The error of a file whose end, beginning or middle is no Parquet."""
    return SourceFileError(origin, "is not a readable Parquet file", "Export the file again")


def _can_stream(files: Files) -> bool:
    """Whether the rows are needed once, in the order of the file: then nothing keeps them."""
    table = files.tables[0]
    return len(files.tables) == 1 and not table.sources() & {"_file", "_occurrence"}


def _selection(wanted: dict[str, str | None], scan: str, typed: dict[str, str]) -> str:
    """Return the query of the columns of a mapping, numbered, as text where they have no type."""
    columns = ["row_number() over () as _row", "1 as _index"]
    for name, source in wanted.items():
        found = identifier(source) if source else "null"
        value = found if name in typed else f"nullif(cast({found} as varchar), '')"
        columns.append(f"{value} as {identifier(name)}")
    return f"select {', '.join(columns)} from {scan}"


def _wanted(origin: Path, files: Files, header: Sequence[str]) -> dict[str, str | None]:
    """Return the file's column for each column of the mapping; null for absent optional ones."""
    by_name = {name.casefold(): name for name in header}
    required = sorted(files.required_columns())
    _refuse_missing(origin, [name for name in required if name.casefold() not in by_name], header)
    return {name: by_name.get(name.casefold()) for name in sorted(files.sources())}


def _refuse_missing(origin: Path, missing: Sequence[str], found: Iterable[str]) -> None:
    if missing:
        raise SourceFileError(
            origin,
            f"misses the column {', '.join(missing)} (found: {', '.join(found)})",
            "Correct the name in the mapping, or list the column in optional_columns",
        )
