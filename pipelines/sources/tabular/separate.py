"""From projected rows to the raw table: pseudonyms, masked texts, keys. Whole columns at a time."""

from __future__ import annotations

from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources._common import contracts
from pipelines.sources._common.privacy import IdentifierKind, Pseudonymizer
from pipelines.sources.tabular import contract
from pipelines.sources.tabular.functions import identifier, literal
from pipelines.sources.tabular.mapping import Mapping

# What may change while the row stays the same thing.
_NOT_IDENTIFYING: Final = frozenset({"source_metadata", "referral", "edited_at", "read_at"})
_LOOKS_LIKE_CONTACT: Final = r"@|^\+"


# So few rows at a time that both processors have some of a batch.
_HASHED_ROWS: Final = 12_288


class Separator:
    """Turns batches of one mapping's rows into tables of the contract."""

    def __init__(self, mapping: Mapping, source_name: str, pseudonymizer: Pseudonymizer) -> None:
        self._mapping = mapping
        self._source_name = source_name
        self._pseudonymizer = pseudonymizer
        self._hasher = duckdb.connect(":memory:", config={"threads": "2"})

    def close(self) -> None:
        """Close the session that computes keys."""
        self._hasher.close()

    def separate(self, entity: str, rows: pa.Table, *, positioned: bool) -> pa.Table:
        """Return `rows` (inputs of the entity, originals in clear) as a table of its contract."""
        return self.keyed(entity, self.hidden(entity, rows), positioned=positioned)

    def hidden(self, entity: str, rows: pa.Table) -> pa.Table:
        """The first half of `separate`: the columns of the contract without `row_key`."""
        schema = contracts.ENTITIES[entity]
        columns = {
            name: rows.column(name) for name in rows.column_names if name in rows.schema.names
        }
        if entity == "messages":
            self._complete_messages(columns, rows)
        columns = {
            contract.ORIGINALS.get(name, name): self._private(entity, name, column)
            for name, column in columns.items()
        }
        if entity == "messages" and not self._mapping.public_names:
            columns.pop("author_name", None)
        columns["source_name"] = pa.repeat(self._source_name, rows.num_rows)
        for item in schema:
            if item.name not in columns:
                columns[item.name] = pa.nulls(rows.num_rows, item.type)
        fields = [item for item in schema if item.name != "row_key"]
        return pa.table({item.name: _cast(columns[item.name], item.type) for item in fields})

    def keyed(self, entity: str, table: pa.Table, *, positioned: bool) -> pa.Table:
        """The second half: `row_key`, and the id of rows that have none.

        With `positioned` the order of messages is their place in the file, which is no part of
        the key: the same message stands elsewhere in the next export. It may run in another thread
        than the first half, on an earlier batch.
        """
        schema = contracts.ENTITIES[entity]
        keyed = [name for name in table.column_names if not (positioned and name == "message_seq")]
        id_column = contract.HASHED_IDS.get(entity)
        if id_column and table.column(id_column).null_count:
            identifying = [name for name in keyed if name not in _NOT_IDENTIFYING]
            content_id = pc.binary_join_element_wise(
                "h", self._hash(table, identifying, entity), "_"
            )
            filled = pc.coalesce(table.column(id_column), content_id)
            table = table.set_column(table.schema.get_field_index(id_column), id_column, filled)
        row_key = self._hash(table, keyed, entity)
        arrays = {name: table.column(name) for name in table.column_names} | {"row_key": row_key}
        return pa.table([_cast(arrays[item.name], item.type) for item in schema], schema=schema)

    def _complete_messages(self, columns: dict[str, pa.ChunkedArray], rows: pa.Table) -> None:
        if "author_name" in columns:
            columns["author_name_id"] = columns["author_name"]
        if "text" in columns:
            columns["text_length"] = pc.utf8_length(columns["text"])
        place = pc.add(pc.multiply(rows.column("_row"), 1000), rows.column("_index"))
        given = columns.get("message_seq")
        columns["message_seq"] = place if given is None else pc.coalesce(given, place)

    def _private(self, entity: str, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """Return the column as it may be stored: pseudonyms, masked text, or the column itself."""
        kind = contract.IDENTIFIERS[entity].get(name)
        if kind == "thread" and self._mapping.public_threads:
            return column
        if name == "messenger_id":
            # Whose ids these are decides which messages they join.
            kind = self._mapping.messenger
        if kind is not None:
            return self._pseudonyms(kind, column)
        if name == "author_name_id":
            return self._pseudonyms("name", column)
        if (
            not pa.types.is_string(column.type)
            or name in contract.CLEAR
            or name in contract.CHOICES
        ):
            return column
        if name in contract.OBJECT_IDS:
            return self._ids(column)
        if entity == "messages" and name == "author_name":
            return column
        return self._masked(column)

    def _pseudonyms(self, kind: IdentifierKind, column: pa.ChunkedArray) -> pa.Array:
        encoded = column.combine_chunks().dictionary_encode()
        hidden = [self._pseudonymizer.pseudonym(kind, v) for v in encoded.dictionary.to_pylist()]
        return pa.array(hidden, pa.string()).take(encoded.indices)

    def _ids(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """Hide only ids that carry an address or a phone, as some messengers build them."""
        suspicious = pc.match_substring_regex(column, _LOOKS_LIKE_CONTACT)
        if not pc.any(suspicious).as_py():
            return column
        return pc.if_else(suspicious, self._pseudonyms("link", column), column)

    def _masked(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        return self._pseudonymizer.mask_column(column.combine_chunks())

    def _hash(self, table: pa.Table, names: list[str], prefix: str) -> pa.ChunkedArray:
        """Return the MD5 of the named columns: of what is stored, so of no originals."""
        parts: list[str] = [literal(prefix)]
        for name in names:
            parts += _canonical(name, table.column(name))
        sliced = pa.Table.from_batches(table.to_batches(max_chunksize=_HASHED_ROWS))
        self._hasher.register("batch", sliced)
        try:
            result = self._hasher.execute(
                f"select md5(concat({', '.join(parts)})) as key from batch"
            ).to_arrow_table()
        finally:
            self._hasher.unregister("batch")
        return result.column("key")


def _canonical(name: str, values: pa.ChunkedArray) -> list[str]:
    """Return SQL for texts that, joined, no other value, nor null, has in its place."""
    column = identifier(name)
    if name in contract.ADDED_LATER:
        if values.null_count == len(values):
            return []
        text = f"concat({literal(f'+{name}|')}, strlen({column}), ':', {column})"
        return [f"case when {column} is null then '' else {text} end"]
    if values.null_count == len(values):
        return ["'-'"]
    if pa.types.is_timestamp(values.type):
        parts = ["'|'", f"epoch_us({column})"]
    elif pa.types.is_string(values.type):
        parts = ["'|'", f"strlen({column})", "':'", column]
    else:
        parts = ["'|'", f"cast({column} as varchar)"]
    # One long concatenation is made at once; a null in it would leave no trace.
    if values.null_count:
        return [f"case when {column} is null then '-' else concat({', '.join(parts)}) end"]
    if pa.types.is_string(values.type) and _is_constant(values):
        text = values[0].as_py()
        return [literal(f"|{len(text.encode())}:{text}")]
    return parts


def _is_constant(values: pa.ChunkedArray) -> bool:
    return values[-1] == values[0] and pc.all(pc.equal(values, values[0])).as_py() is True


def _cast(column: pa.ChunkedArray | pa.Array, data_type: pa.DataType) -> pa.ChunkedArray | pa.Array:
    return column if column.type == data_type else column.cast(data_type)
