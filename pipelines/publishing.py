"""Publication: a versioned, read-only copy of the marts that readers open.

`published/v/<version>/analytics.duckdb` is written, audited, checkpointed and closed; then the link
`published/current` is switched atomically. Readers open the file behind the link and keep it until
they ask for the current version again: they never block the pipeline and see only whole versions.
The file is named alike in every version, because DuckDB calls the catalogue after the file.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb

from pipelines.durable import sync, write_whole
from pipelines.plans import drop_plans
from pipelines.projections import Model, write_projections

FILE_NAME = "analytics.duckdb"
CATALOG = "analytics"
SCHEMA = "marts"
MANIFEST_NAME = "semantic_manifest.json"
KEEP_VERSIONS = 3
LARGE_BYTES = 100_000_000
# A version is written under a hidden name: what a killed run leaves is never taken for a version.
_UNFINISHED = "."
_FAILURE_NAME = "last_failure.json"


class NothingPublishedError(Exception):
    """There is no published version to read."""


class AuditFailedError(Exception):
    """The new version failed a blocking check; the previous one stays current."""


@dataclass(frozen=True)
class FailedAttempt:
    """The last run that ended without a new version, while the one before stays current."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class Publication:
    """One published version."""

    version: str
    folder: Path

    @property
    def database(self) -> Path:
        """The DuckDB file with the schema `marts`."""
        return self.folder / FILE_NAME

    @property
    def manifest(self) -> Path:
        """The semantic manifest that belongs to these tables."""
        return self.folder / MANIFEST_NAME

    @property
    def plans(self) -> Path:
        """Folder of compiled questions, shared by all versions (`pipelines.plans`)."""
        return self.folder.parent.parent / "plans"

    @property
    def is_large(self) -> bool:
        """Whether readers would wait; what a smaller version is asked it answers at once."""
        return self.database.stat().st_size >= LARGE_BYTES

    @property
    def answers(self) -> Path:
        """Folder of answers that were asked before anybody looked; it goes with the version."""
        return self.folder / "answers"

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open the version for reading, in UTC."""
        connection = duckdb.connect(str(self.database), read_only=True)
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"use {CATALOG}.{SCHEMA}")
        return connection


def current_publication(published: Path) -> Publication:
    """Return the version behind `current`.

    Raises:
        NothingPublishedError: nothing was published in this home yet.
    """
    link = published / "current"
    if not (link / FILE_NAME).exists():
        raise NothingPublishedError(
            f"Nothing is published in {published} yet. Run `otvet import FILE…` or `make demo`."
        )
    folder = link.resolve()
    return Publication(folder.name, folder)


def note_failure(published: Path, reason: str) -> None:
    """Write down that a run ended without a new version; the next version takes the note away."""
    published.mkdir(parents=True, exist_ok=True)
    note = {"at": datetime.now(tz=UTC).isoformat(), "reason": reason}
    write_whole(published / _FAILURE_NAME, json.dumps(note, ensure_ascii=False))


def last_failure(published: Path) -> FailedAttempt | None:
    """Return the failed run after which nothing was published, None if the last one succeeded."""
    try:
        note = json.loads((published / _FAILURE_NAME).read_text(encoding="utf-8"))
        return FailedAttempt(datetime.fromisoformat(note["at"]), str(note["reason"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def list_versions(published: Path) -> list[Publication]:
    """Return the kept versions, newest first."""
    folder = published / "v"
    if not folder.is_dir():
        return []
    names = sorted((item.name for item in folder.iterdir() if item.is_dir()), reverse=True)
    return [
        Publication(name, folder / name)
        for name in names
        if not name.startswith(_UNFINISHED) and (folder / name / FILE_NAME).exists()
    ]


def new_version_name() -> str:
    """Return a version name that sorts by time."""
    return datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%S%fZ")


def publish(
    warehouse: Path,
    published: Path,
    *,
    semantic_manifest: Path,
    meta_tables: dict[str, Sequence[dict[str, Any]]],
    audit: Callable[[Publication], None],
    prepare: Callable[[Publication], None] = lambda _: None,
    version: str | None = None,
    memory_limit: str = "4GB",
) -> Publication:
    """Write, audit and switch to a new version.

    Args:
        warehouse: the pipeline's file; opened for reading only.
        meta_tables: rows (dicts with equal keys, not empty) of the `meta_` tables to add.
        audit: looks at the closed file, still in its unfinished folder, and raises
            `AuditFailedError` to keep the old version.
        prepare: works out in the unfinished folder what readers of the version will want first.
        memory_limit: of DuckDB while it sorts and writes; what is more goes to the disk.

    Raises:
        AuditFailedError: the version was removed again, `current` is unchanged.
    """
    name = version or new_version_name()
    publication = Publication(name, published / "v" / name)
    unfinished = Publication(name, published / "v" / f"{_UNFINISHED}{name}")
    _drop_unfinished(published)
    unfinished.folder.mkdir(parents=True)
    try:
        manifest = json.loads(semantic_manifest.read_text(encoding="utf-8"))
        _write_database(
            warehouse, unfinished, meta_tables, manifest["semantic_models"], memory_limit
        )
        _write_manifest(manifest, unfinished)
        audit(unfinished)
        unfinished.database.chmod(0o444)
        prepare(unfinished)
        sync(unfinished.database)
        sync(unfinished.manifest)
        unfinished.folder.rename(publication.folder)
    except BaseException as error:
        shutil.rmtree(unfinished.folder, ignore_errors=True)
        if isinstance(error, AuditFailedError):
            note_failure(published, str(error))
        raise
    sync(publication.folder.parent)
    switch(published, publication)
    (published / _FAILURE_NAME).unlink(missing_ok=True)
    _drop_old_versions(published)
    drop_plans(publication.plans, keep=KEEP_VERSIONS)
    return publication


def switch(published: Path, publication: Publication) -> None:
    """Point `current` at a version; also the way back to an older one."""
    temporary = published / f".current.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(Path("v") / publication.version)
    temporary.replace(published / "current")


def rollback(published: Path) -> Publication:
    """Switch to the version before the current one.

    Raises:
        NothingPublishedError: there is no older version.
    """
    current = current_publication(published)
    older = [item for item in list_versions(published) if item.version < current.version]
    if not older:
        raise NothingPublishedError(f"There is no version older than {current.version}.")
    switch(published, older[0])
    return older[0]


def export_tables(
    publication: Publication,
    folder: Path,
    tables: Sequence[str] | None,
    file_format: Literal["parquet", "csv"],
) -> Iterator[tuple[Path, int]]:
    """Copy marts to files; yields each path with its rows.

    Raises:
        NothingPublishedError: a named table is not published.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with publication.connect() as connection:
        known = [
            name
            for (name,) in connection.execute(
                "select table_name from information_schema.tables"
                " where table_schema = ? order by table_name",
                [SCHEMA],
            ).fetchall()
        ]
        unknown = sorted(set(tables or ()) - set(known))
        if unknown:
            raise NothingPublishedError(
                f"Not published: {', '.join(unknown)}; published are {', '.join(known)}."
            )
        options = "format parquet, compression zstd" if file_format == "parquet" else "header"
        for table in tables or known:
            path = folder / f"{table}.{file_format}"
            counted = connection.execute(
                f"copy (from {SCHEMA}.\"{table}\") to '{_quoted(path)}' ({options})"
            ).fetchone()
            yield path, int(counted[0]) if counted else 0


def _time_columns(models: Sequence[Model]) -> dict[str, str]:
    """Return the column by which the metrics of each table are asked for a period."""
    columns = {}
    for model in models:
        name = (model.get("defaults") or {}).get("agg_time_dimension")
        for dimension in model["dimensions"]:
            if dimension["name"] == name:
                columns[model["node_relation"]["alias"]] = dimension["expr"] or name
    return columns


def _write_database(
    warehouse: Path,
    publication: Publication,
    meta_tables: dict[str, Sequence[dict[str, Any]]],
    models: Sequence[Model],
    memory_limit: str,
) -> None:
    """Copy the marts, each in the order of its time, so that a period reads its own part only."""
    sorted_by = _time_columns(models)
    with duckdb.connect(config={"memory_limit": memory_limit}) as connection:
        connection.execute("set TimeZone = 'UTC'")
        # Sorting spills when memory is short; by itself DuckDB would spill into the current folder.
        connection.execute(f"set temp_directory = '{_quoted(publication.folder / '.spill')}'")
        connection.execute(f"attach '{_quoted(warehouse)}' as source (read_only)")
        # An explicit format keeps the file readable for every 1.x client.
        connection.execute(
            f"attach '{_quoted(publication.database)}' as target (storage_version 'v1.2.0')"
        )
        connection.execute(f"create schema target.{SCHEMA}")
        tables = connection.execute(
            "select table_name from duckdb_tables()"
            " where database_name = 'source' and schema_name = ? order by table_name",
            [SCHEMA],
        ).fetchall()
        for (table,) in tables:
            order = f' order by "{sorted_by[table]}"' if table in sorted_by else ""
            connection.execute(
                f'create table target.{SCHEMA}."{table}" as from source.{SCHEMA}."{table}"{order}'
            )
        write_projections(connection, models, catalog="target", schema=SCHEMA, sorted_by=sorted_by)
        for name, rows in meta_tables.items():
            _write_meta_table(connection, name, rows)
        connection.execute("checkpoint target")
        connection.execute("detach target")
    shutil.rmtree(publication.folder / ".spill", ignore_errors=True)


def _write_meta_table(
    connection: duckdb.DuckDBPyConnection, name: str, rows: Sequence[dict[str, Any]]
) -> None:
    columns = list(rows[0])
    types = {
        datetime: "timestamptz", bool: "boolean", int: "bigint", float: "double",
    }  # fmt: skip
    kinds = {
        column: next(
            (types.get(type(row[column]), "varchar") for row in rows if row[column] is not None),
            "varchar",
        )
        for column in columns
    }
    definition = ", ".join(f'"{column}" {kind}' for column, kind in kinds.items())
    connection.execute(f"create table target.{SCHEMA}.{name} ({definition})")
    connection.executemany(
        f"insert into target.{SCHEMA}.{name} values ({', '.join('?' for _ in columns)})",
        [[row[column] for column in columns] for row in rows],
    )


def _write_manifest(content: dict[str, Any], publication: Publication) -> None:
    """Write the manifest, its relations pointing at the published catalogue."""
    relations = [model["node_relation"] for model in content["semantic_models"]]
    spines = content["project_configuration"].get("time_spines") or []
    relations.extend(spine["node_relation"] for spine in spines)
    for spine in content["project_configuration"].get("time_spine_table_configurations") or []:
        spine["location"] = f"{CATALOG}.{spine['location'].split('.', 1)[-1]}"
    for relation in relations:
        relation["database"] = CATALOG
        relation["relation_name"] = f'"{CATALOG}"."{relation["schema_name"]}"."{relation["alias"]}"'
    publication.manifest.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _drop_unfinished(published: Path) -> None:
    for folder in (published / "v").glob(f"{_UNFINISHED}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _drop_old_versions(published: Path) -> None:
    """Keep the newest versions and, after a rollback, the current one."""
    current = current_publication(published).version
    for publication in list_versions(published)[KEEP_VERSIONS:]:
        if publication.version != current:
            shutil.rmtree(publication.folder, ignore_errors=True)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
