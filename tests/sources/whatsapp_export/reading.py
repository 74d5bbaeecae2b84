"""Helpers of these tests: read a file in one go, and pick versions as staging does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.sources._common.contracts import ENTITIES
from pipelines.sources._common.exports import ExportSummary
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.whatsapp_export.reader import read_export

KEY = b"a key for tests, thirty-two bytes or more"
LRM = "\u200e"

Row = dict[str, Any]


@dataclass
class Reading:
    """Everything one file yields."""

    tables: dict[str, list[Row]]
    summary: ExportSummary
    batches: list[tuple[str, int]]

    @property
    def rows(self) -> list[Row]:
        return self.tables.get("messages", [])

    @property
    def messages(self) -> list[Row]:
        return [row for row in self.rows if row["event_type"] == "message"]

    @property
    def rejected(self) -> list[Row]:
        return self.tables.get("rejected_rows", [])


def read(path: Path, **options: Any) -> Reading:
    """Read a file with a fixed pseudonym key; every table is checked against its contract."""
    summary = ExportSummary()
    tables: dict[str, list[Row]] = {}
    batches = []
    options.setdefault("time_zone", "UTC")
    for entity, table in read_export(
        path,
        source_name="chats",
        pseudonymizer=Pseudonymizer(KEY),
        summary=summary,
        **options,
    ):
        assert isinstance(table, pa.Table)
        assert table.schema.equals(ENTITIES[entity])
        table.validate(full=True)
        batches.append((entity, table.num_rows))
        tables.setdefault(entity, []).extend(table.to_pylist())
    return Reading(tables, summary, batches)


def pseudonym(kind: Any, value: str) -> str:
    return Pseudonymizer(KEY).pseudonym(kind, value)


def write(path: Path, lines: Iterable[str], *, end: str = "\n") -> Path:
    path.write_bytes("".join(line + end for line in lines).encode())
    return path


def pick_versions(*readings: Reading) -> list[Row]:
    """What staging keeps: per message the greatest (edited_at, row_key), in order of the thread."""
    loaded: dict[str, Row] = {}
    for reading in readings:
        for row in reading.rows:
            loaded.setdefault(row["row_key"], row)  # insert-only merge
    best: dict[str, Row] = {}
    for row in loaded.values():
        rank = (row["edited_at"] is not None, row["edited_at"] or row["sent_at"], row["row_key"])
        known = best.get(row["message_id"])
        if known is None or rank > known["rank"]:
            best[row["message_id"]] = {**row, "rank": rank}
    return sorted(best.values(), key=lambda row: (row["sent_at"], row["message_seq"]))
