"""Arrow batches of the messages of one chat, filled column by column."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from pipelines.sources._common.contracts import (
    AGENTS,
    CONTACTS,
    MESSAGES,
    REJECTED_ROWS,
    TIMESTAMP,
    stable_hash,
)
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.whatsapp_export import settings
from pipelines.sources.whatsapp_export.identity import version_keys

# The cells of a row in their order. Texts are the originals, and of the key there is the beginning
# and what its hash is made of.
_GATHERED: Final = (
    "rank", "fields", "message_id", "message_seq", "event_type", "sent_at", "edited_at",
    "author_type", "author_source_id", "author_name_id", "content_type", "text", "text_length",
    "source_metadata",
)  # fmt: skip


class MessageBatch:
    """Rows of `messages`: what varies is appended, what a chat has in common is repeated."""

    def __init__(
        self, *, source_name: str, thread_id: str, is_group: bool, pseudonymizer: Pseudonymizer
    ) -> None:
        self._pseudonymizer = pseudonymizer
        self._common: dict[str, object] = {
            "source_name": source_name,
            "channel_type": settings.CHANNEL_TYPE,
            "thread_id": thread_id,
            "thread_type": "group" if is_group else "personal",
            "is_group": is_group,
            "is_public": True,
            "is_template": False,
        }
        # Row after row in one flat list: tuples of rows would cost a third more, in the garbage
        # collector.
        self._values: list[Any] = []
        self.extend = self._values.extend  # takes the varying columns of one row, in order

    def __len__(self) -> int:
        return len(self._values) // len(_GATHERED)

    def table(self) -> pa.Table:
        """The rows so far as a table of the contract; the batch is empty afterwards."""
        count, width = len(self), len(_GATHERED)
        gathered = {name: self._values[at::width] for at, name in enumerate(_GATHERED)}
        self._values.clear()
        texts = self._pseudonymizer.mask_column(pa.array(gathered["text"], pa.string()))
        keys = version_keys(gathered["rank"], gathered["fields"], texts)
        made = {"text": texts, "row_key": pa.array(keys, pa.string())}
        columns: list[pa.Array] = []
        for column in MESSAGES:
            if column.name in made:
                columns.append(made[column.name])
            elif column.name in gathered:
                columns.append(_array(gathered[column.name], column.type))
            elif column.name in self._common:
                columns.append(pa.repeat(pa.scalar(self._common[column.name], column.type), count))
            else:
                columns.append(pa.nulls(count, column.type))
        return pa.Table.from_arrays(columns, schema=MESSAGES)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if kind == TIMESTAMP:
        return pa.array(values, pa.int64()).cast(TIMESTAMP)
    return pa.array(values, kind)


class RejectedRows:
    """Rows of `rejected_rows` of one file; references are line numbers, never content."""

    def __init__(self, *, source_name: str, resource: str, file_key: str) -> None:
        self._source_name = source_name
        self._resource = resource
        self._file_key = file_key
        self._rows: list[dict[str, str]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, reference: str, reason: str, remedy: str) -> None:
        """Reject one row."""
        self._rows.append(
            {
                "row_key": stable_hash((self._source_name, self._file_key, reference, reason)),
                "source_name": self._source_name,
                "resource": self._resource,
                "file_key": self._file_key,
                "row_reference": reference,
                "reason": reason,
                "remedy": remedy,
            }
        )

    def table(self) -> pa.Table:
        """The rejected rows so far; the list is empty afterwards."""
        table = pa.Table.from_pylist(self._rows, schema=REJECTED_ROWS)
        self._rows.clear()
        return table


def agent_table(source_name: str, agent_id: str, agent_name: str | None) -> pa.Table:
    """Our own author as a row of `agents`; staff names are kept in clear."""
    row = {
        "row_key": stable_hash((source_name, "agent", agent_id, agent_name)),
        "source_name": source_name,
        "agent_id": agent_id,
        "agent_name": agent_name,
        "role": "agent",
    }
    return pa.Table.from_pylist([row], schema=AGENTS)


def contact_table(source_name: str, phones: dict[str, str]) -> pa.Table:
    """Authors that are phone numbers (author id -> phone pseudonym) as rows of `contacts`."""
    rows = [
        {
            "row_key": stable_hash((source_name, "contact", author_id, phone_id)),
            "source_name": source_name,
            "contact_id": author_id,
            "phone_id": phone_id,
            "messenger_id": author_id,
        }
        for author_id, phone_id in sorted(phones.items())
    ]
    return pa.Table.from_pylist(rows, schema=CONTACTS)
