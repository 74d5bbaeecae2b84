"""Records of nested files (JSON, JSON Lines, XML) as flat rows of text."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ijson

from pipelines.sources._common.exports import SourceFileError

Row = dict[str, str]


class Damaged(Exception):  # noqa: N818 - a place in a file, caught by the loader, never shown as an error
    """The file cannot be read on from here; the records before are good."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(reason)
        self.place = place
        self.reason = reason


class BadLine(dict[str, Any]):
    """Stands for a line that is no record."""


def read_records(path: Path, kind: str, records: str) -> Iterator[dict[str, Any]]:
    """Yield the records of a nested file in constant memory.

    Args:
        path: unpacked UTF-8 file.
        kind: json, jsonl or xml.
        records: json: dotted path of the list of records ("" = the file is the list);
            xml: the name of the element of a record.

    Raises:
        Damaged: the file ends or breaks after good records.
        SourceFileError: there is no record because the file is not of this format.
    """
    if kind == "jsonl":
        yield from _lines(path)
    elif kind == "json":
        yield from _json(path, records)
    else:
        yield from _xml(path, records)


def flatten(record: dict[str, Any], explode: str | None) -> Iterator[tuple[int, Row]]:
    """Yield (position, row): one row, or one for each item of the list named by `explode`.

    Names of nested values are joined by dots; lists inside a row stay as JSON text. Position is 1
    for a record, 1, 2, … for the items of a list.
    """
    row: Row = {}
    _collect("", record, row, skip=explode)
    if explode is None:
        yield 1, row
        return
    items: Any = record
    for part in explode.split("."):
        items = items.get(part) if isinstance(items, dict) else None
    if items is None:
        return
    for position, item in enumerate(items if isinstance(items, list) else [items], start=1):
        exploded = dict(row)
        _collect(explode, item, exploded, skip=None)
        yield position, exploded


def _collect(prefix: str, value: Any, row: Row, *, skip: str | None) -> None:
    if value is None or (prefix and prefix == skip):
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            _collect(f"{prefix}.{name}" if prefix else str(name), inner, row, skip=skip)
    elif isinstance(value, list):
        row[prefix] = json.dumps(value, ensure_ascii=False, default=str)
    elif isinstance(value, bool):
        row[prefix] = "true" if value else "false"
    elif value != "":
        # A lone half of a surrogate pair, which JSON can spell, is no text that can be stored.
        row[prefix] = str(value).encode("utf-8", "replace").decode()


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
            if not text:
                continue
            try:
                record = json.loads(text)
            except (ValueError, RecursionError):
                record = None
            yield record if isinstance(record, dict) else BadLine(line=number)


def _json(path: Path, records: str) -> Iterator[dict[str, Any]]:
    count = 0
    with path.open("rb") as file:
        if file.read(3) != b"\xef\xbb\xbf":
            file.seek(0)
        try:
            for record in ijson.items(file, f"{records}.item" if records else "item"):
                count += 1
                yield record if isinstance(record, dict) else BadLine(line=count)
        except (ijson.JSONError, UnicodeDecodeError) as error:
            if count:
                raise Damaged(f"record {count + 1}", "the JSON is cut off or damaged") from error
            raise SourceFileError(
                path, "is not JSON, or damaged before the first record", "Export the file again"
            ) from error


def _xml(path: Path, element: str) -> Iterator[dict[str, Any]]:
    context: dict[str, Any] = {}
    open_elements: list[ET.Element] = []
    inside = count = 0
    try:
        # ElementTree fetches nothing from outside, and expat stops exponential entities.
        for event, node in ET.iterparse(path, events=("start", "end")):  # noqa: S314
            if event == "start":
                open_elements.append(node)
                inside += node.tag == element
                continue
            open_elements.pop()
            if node.tag == element:
                inside -= 1
                count += 1
                yield context | _element(node)
                if open_elements:
                    open_elements[-1].remove(node)
            elif not inside and not len(node) and (node.text or "").strip():
                # Values above the records (the name of the channel, the period) are read once.
                context[str(node.tag)] = (node.text or "").strip()
    except ET.ParseError as error:
        if count:
            raise Damaged(f"record {count + 1}", "the XML is cut off or damaged") from error
        raise SourceFileError(
            path, "is not XML, or damaged before the first record", "Export the file again"
        ) from error


def _element(node: ET.Element) -> dict[str, Any]:
    """Return attributes and children of an element; texts of equally named children are joined."""
    found: dict[str, Any] = dict(node.attrib)
    if (node.text or "").strip():
        found["#text"] = node.text
    for child in node:
        nested = len(child) or child.attrib
        value: Any = _element(child) if nested else child.text or ""
        name = str(child.tag)
        before = found.get(name)
        if before is None or before == "":
            found[name] = value
        elif isinstance(before, str) and isinstance(value, str):
            found[name] = "\n".join(filter(None, (before, value)))
        else:
            found[name] = [*before, value] if isinstance(before, list) else [before, value]
    return found
