"""Reading a whole export at once, and writing small ones."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.sources._common.contracts import ENTITIES
from pipelines.sources._common.exports import ExportSummary
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.telegram_export.reader import read_export

KEY = b"test key of at least 32 characters"


@dataclass
class Loaded:
    """Everything that a file gave."""

    tables: dict[str, pa.Table]
    summary: ExportSummary

    def rows(self, entity: str = "messages") -> list[dict[str, Any]]:
        return self.tables[entity].to_pylist() if entity in self.tables else []

    def column(self, name: str, entity: str = "messages") -> list[Any]:
        return [row[name] for row in self.rows(entity)]

    def keys(self) -> list[str]:
        return self.column("row_key")


@pytest.fixture
def pseudonymizer() -> Pseudonymizer:
    return Pseudonymizer(KEY)


@pytest.fixture
def load() -> Callable[..., Loaded]:
    def read(path: Path, source_name: str = "support", **options: Any) -> Loaded:
        summary = ExportSummary()
        batches: dict[str, list[pa.Table]] = {}
        for entity, table in read_export(
            path,
            source_name=source_name,
            pseudonymizer=Pseudonymizer(KEY),
            summary=summary,
            **options,
        ):
            assert table.schema == ENTITIES[entity]
            table.validate(full=True)
            batches.setdefault(entity, []).append(table)
        return Loaded({name: pa.concat_tables(parts) for name, parts in batches.items()}, summary)

    return read


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def to_file(content: Any, name: str = "result.json") -> Path:
        path = tmp_path / name
        if not isinstance(content, bytes):
            content = (content if isinstance(content, str) else json.dumps(content)).encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return to_file


@pytest.fixture
def message() -> Callable[..., dict[str, Any]]:
    """A message of 2026-06-01 12:00:00 UTC plus `number` minutes."""

    def make(number: int = 1, **keys: Any) -> dict[str, Any]:
        return {
            "id": number,
            "type": "message",
            "date": f"2026-06-01T15:{number % 60:02}:00",
            "date_unixtime": str(1_780_315_200 + 60 * number),
            "from": "Анна Петрова",
            "from_id": "user555000111",
            "text": f"сообщение {number}",
            **keys,
        }

    return make


@pytest.fixture
def chat() -> Callable[..., dict[str, Any]]:
    def make(*messages: dict[str, Any], **keys: Any) -> dict[str, Any]:
        header = {"name": "Анна Петрова", "type": "personal_chat", "id": 555000111}
        return {**header, **keys, "messages": list(messages)}

    return make
