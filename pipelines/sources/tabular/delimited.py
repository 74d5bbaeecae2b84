"""Delimited text with faults in it: the header, and a patient reader that names bad lines."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipelines.sources._common.exports import SourceFileError
from pipelines.sources.tabular.prepare import Prepared


def csv_header(path: Path, delimiter: str, quote: str, origin: Path) -> list[str]:
    """Return the names in the first record; empty and repeated ones get a number.

    Raises:
        SourceFileError: the file is empty or its first record is no header.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        try:
            names = next(_csv_reader(file, delimiter, quote), [])
        except csv.Error as error:
            raise SourceFileError(
                origin, "the header line is damaged", "Check delimiter and quote in the mapping"
            ) from error
    if not names:
        raise SourceFileError(origin, "is empty", "Export the file again, with a header line")
    unique: list[str] = []
    taken: set[str] = set()
    for position, name in enumerate(names, start=1):
        base = name.strip() or f"column_{position}"
        candidate, number = base, 1
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{base}_{number}"
        taken.add(candidate.casefold())
        unique.append(candidate)
    return unique


def _csv_reader(lines: Iterable[str], delimiter: str, quote: str) -> Iterator[list[str]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    if not quote:
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
    return csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)


def patient_rows(
    prepared: Prepared,
    delimiter: str,
    quote: str,
    header: Sequence[str],
    rejected: list[tuple[str, str, str]],
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (row number, row) of a CSV file with faults, which are noted with their lines."""
    remedy = "Correct the line, or the delimiter and quote in the mapping"
    with prepared.plain.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        line = 0

        def lines() -> Iterator[str]:
            nonlocal line
            for text in file:
                line += 1
                yield text

        rows = _csv_reader(lines(), delimiter, quote)
        next(rows)
        number, first = 0, line + 1
        held: tuple[int, int, list[str]] | None = None
        while True:
            first = line + 1
            try:
                row = next(rows)
            except StopIteration:
                break
            except csv.Error:
                number += 1
                rejected.append((_place(first, line), "a quote is damaged or never closed", remedy))
                continue
            if not row:
                continue
            number += 1
            if held:
                yield held[0], _named(header, held[2])
                held = None
            if len(row) != len(header):
                reason = f"has {len(row)} fields instead of {len(header)}"
                rejected.append((_place(first, line), reason, remedy))
            elif not _is_text(row):
                reason = "holds bytes that are not UTF-8"
                rejected.append(
                    (_place(first, line), reason, "Write the right encoding into the mapping")
                )
            else:
                held = (number, first, row)
        if held and prepared.damage and not prepared.ends_with_line:
            rejected.append((f"line {held[1]}", "the row is cut off", "Export the file again"))
        elif held:
            yield held[0], _named(header, held[2])


def _place(first: int, last: int) -> str:
    return f"line {first}" if last <= first else f"lines {first}-{last}"


def _named(header: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in zip(header, row, strict=True) if value}


def _is_text(row: Sequence[str]) -> bool:
    """Say whether every byte of the row was UTF-8 (others came in as lone surrogates)."""
    try:
        "".join(row).encode()
    except UnicodeEncodeError:
        return False
    return True
