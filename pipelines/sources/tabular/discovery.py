"""Which file is read by which part of a mapping, and which mapping fits some files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.sources._common.exports import SourceFileError
from pipelines.sources.tabular.delimited import csv_header
from pipelines.sources.tabular.mapping import (
    Files,
    Mapping,
    list_mappings,
    load_mapping,
)
from pipelines.sources.tabular.prepare import prepare
from pipelines.sources.tabular.records import BadLine, Damaged, flatten, read_records

_PROBED_FILES = 3  # per pattern: months of one layout look alike
_PROBED_RECORDS = 50


def assign_files(
    paths: Sequence[Path], mapping: Mapping
) -> tuple[list[tuple[Path, Files]], list[Path]]:
    """Return ((file, its part of the mapping), …) in the order of the mapping, and other files.

    Raises:
        SourceFileError: a path does not exist, or no file fits any pattern.
    """
    assigned: list[tuple[int, Path, Files]] = []
    skipped: list[Path] = []
    for path in _all_files(paths):
        for position, files in enumerate(mapping.files):
            if files.matches(path):
                assigned.append((position, path, files))
                break
        else:
            skipped.append(path)
    if not assigned:
        patterns = ", ".join(dict.fromkeys(files.glob for files in mapping.files))
        raise SourceFileError(
            paths[0] if paths else Path("-"),
            f"no file fits the mapping {mapping.name}",
            f"Its patterns are: {patterns}",
        )
    assigned.sort(key=lambda item: item[:2])
    return [(path, files) for _, path, files in assigned], skipped


def find_mapping(paths: Sequence[Path]) -> Mapping | None:
    """Return the mapping for some files: named like their folder, else the only one that fits.

    A mapping fits when its patterns and columns fit; a generic one is taken only where no other
    does. Where two fit, the answer is null and the user must name one.
    """
    names = set(list_mappings())
    folders = {name for path in paths for name in _folder_names(path) if name in names}
    if len(folders) == 1:
        return load_mapping(folders.pop())
    fitting = [mapping for name in sorted(names) if _fits(paths, mapping := load_mapping(name))]
    special = [mapping for mapping in fitting if not mapping.generic]
    candidates = special or fitting
    return candidates[0] if len(candidates) == 1 else None


def _folder_names(path: Path) -> Iterator[str]:
    absolute = path.absolute()
    yield absolute.name
    yield from (parent.name for parent in absolute.parents)


def _all_files(paths: Sequence[Path]) -> list[Path]:
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inner = sorted(item for item in path.rglob("*") if item.is_file())
            found.update((item.absolute(), None) for item in inner if item.name[0] != ".")
        elif path.is_file():
            found[path.absolute()] = None
        else:
            raise SourceFileError(path, "does not exist", "Check the path")
    return list(found)


def _fits(paths: Sequence[Path], mapping: Mapping) -> bool:
    try:
        assigned, skipped = assign_files(paths, mapping)
    except SourceFileError:
        return False
    given = {path.absolute() for path in paths}
    if any(path in given for path in skipped):
        return False  # a file named by the user must not be left out in silence
    probed: dict[int, int] = {}
    for path, files in assigned:
        number = probed[id(files)] = probed.get(id(files), 0) + 1
        if number <= _PROBED_FILES and not _has_columns(path, files):
            return False
    return True


def _has_columns(path: Path, files: Files) -> bool:
    try:
        found = {name.casefold() for name in _columns(path, files)}
    except (SourceFileError, Damaged, pa.ArrowException, OSError):
        return False
    return all(name.casefold() in found for name in files.required_columns())


def _columns(path: Path, files: Files) -> set[str]:
    """Return the columns of the first records of a file."""
    with TemporaryDirectory(prefix="otvet_tabular_") as folder:
        prepared = prepare(
            path,
            workdir=Path(folder),
            encoding=files.encoding,
            quote=files.quote,
            binary=files.kind == "parquet",
        )
        if files.kind == "parquet":
            return set(pq.read_schema(prepared.plain).names)
        if files.kind in ("csv", "tsv"):
            delimiter = files.delimiter or ("\t" if files.kind == "tsv" else ",")
            return set(csv_header(prepared.plain, delimiter, files.quote, path))
        found: set[str] = set()
        for record in islice(
            read_records(prepared.plain, files.kind, files.records), _PROBED_RECORDS
        ):
            if not isinstance(record, BadLine):
                for table in files.tables:
                    for _, row in flatten(record, table.explode):
                        found |= set(row)
        return found
