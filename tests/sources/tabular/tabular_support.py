"""Reading everything with a mapping in one call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from pipelines.sources._common.contracts import ENTITIES
from pipelines.sources._common.exports import ExportSummary
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.tabular.mapping import Mapping, load_mapping
from pipelines.sources.tabular.reader import read_tables

KEY = b"a key of thirty-two characters.."


class Read(NamedTuple):
    """What came out of a read: one table per entity, the summary, and what hid the originals."""

    tables: dict[str, pa.Table]
    summary: ExportSummary
    pseudonymizer: Pseudonymizer

    def rows(self, entity: str) -> list[dict[str, Any]]:
        return self.tables[entity].to_pylist()


Reader = Callable[..., Read]


def read_all(paths: list[Path], mapping: Mapping | str | Path, **options: Any) -> Read:
    """Read everything and join the batches of each entity."""
    loaded = mapping if isinstance(mapping, Mapping) else load_mapping(mapping)
    pseudonymizer, summary = Pseudonymizer(KEY), ExportSummary()
    batches: dict[str, list[pa.Table]] = defaultdict(list)
    options = {"source_name": "test"} | options
    for entity, table in read_tables(
        paths, mapping=loaded, pseudonymizer=pseudonymizer, summary=summary, **options
    ):
        assert table.schema.equals(ENTITIES[entity])
        assert table.num_rows > 0
        for field in ENTITIES[entity]:
            assert field.nullable or table.column(field.name).null_count == 0, field.name
        batches[entity].append(table)
    tables = {name: pa.concat_tables(batches.get(name, [])) for name in batches}
    empty = {name: schema.empty_table() for name, schema in ENTITIES.items()}
    return Read(empty | tables, summary, pseudonymizer)
