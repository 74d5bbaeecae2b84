"""Rows of a world for the writers of exports, chat by chat."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.model import World

Row = dict[str, Any]


def to_rows(table: pa.Table) -> list[Row]:
    """Rows as dictionaries; instants are aware datetimes."""
    names = table.column_names
    columns = [column.to_pylist() for column in table.columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def said_by_thread(world: World, *sources: str) -> Iterator[tuple[Row, list[Row]]]:
    """Yield each chat of some sources with what an export shows of it: messages, service rows."""
    threads = world["threads"]
    chosen = threads.filter(pc.is_in(threads["source"].cast(pa.string()), pa.array(sources)))
    by_id = {row["thread_id"]: row for row in to_rows(chosen)}
    messages = world["messages"]
    shown = pc.and_(
        pc.is_in(messages["thread_id"], chosen["thread_id"].combine_chunks()),
        pc.is_in(messages["event_type"].cast(pa.string()), pa.array(["message", "service"])),
    )
    rows = to_rows(messages.filter(shown))
    for thread_id, group in groupby(rows, key=lambda row: row["thread_id"]):
        yield by_id[thread_id], list(group)
