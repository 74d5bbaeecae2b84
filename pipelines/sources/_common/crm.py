"""What every CRM is to the loader: an account, a reader of it, and the tables that it fills."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa

from pipelines.sources._common.api import Credentials, JsonApi
from pipelines.sources._common.fields import FieldError
from pipelines.sources._common.spool import Row, Spool

Known = dict[str, dict[str, bool]]
"""Per table the ids that are loaded, and whether each counts as removed."""


class Reading:
    """One load of an account: from when it reads, what it read, and how far it came.

    Rows are kept on the disk, so memory does not grow with the account; what a reader must know of
    them again it keeps itself, or asks for by `rows` and `values`. A load from the beginning that
    failed goes on: `marks` are those stored with the last rows.

    Args:
        spool: takes the rows; without one they are dropped, for those who ask only for the notes.

    Attributes:
        since: `until` of the last load that was kept; null: everything.
        until: set by the reader; the next load goes on from here.
        notes: what the account held back.
        marks: what was read, by names that the reader gives its parts; values are JSON.
        pending: what an earlier load left to be read again, see `CrmKind`.
        refused: by table the ids of records that earlier loads could not use.
        lock: held while rows are put and marked as read by threads.
    """

    def __init__(self, spool: Spool | None = None, since: datetime | None = None) -> None:
        self.since = since
        self.until: datetime | None = None
        self.notes: list[str] = []
        self.pending: list[Row] = []
        self.refused: dict[str, set[int]] = {}
        self.lock = threading.RLock() if spool is None else spool.lock
        self.marks: dict[str, Any] = {} if spool is None else spool.marks
        self._spool = spool

    @property
    def rejected(self) -> list[tuple[str, str, str]]:
        """Table, record and reason of what does not fit; kept with the marks."""
        found: list[tuple[str, str, str]] = self.marks.setdefault("rejected", [])
        return found

    def note(self, text: str) -> None:
        """Note once what the account held back."""
        with self.lock:
            if text not in self.notes:
                self.notes.append(text)

    def put(self, table: str, key: tuple[Any, ...], row: Row) -> None:
        """Keep a row instead of an older one of the same record."""
        if self._spool is not None:
            self._spool.put(table, key, row)

    def rows(self, table: str) -> Iterator[Row]:
        """Yield what was put, in the order of reading: the last row of a key is right."""
        return iter(()) if self._spool is None else self._spool.rows(table)

    def values(self, table: str, column: str) -> set[Any]:
        """Return the values that a column of a table has."""
        return set() if self._spool is None else self._spool.values(table, column)

    def keep(self, table: str, key: str, row: Row, make: Callable[[Row], Row]) -> Row | None:
        """Keep what is made of a record by its column `key`, or why it cannot be used."""
        try:
            made = make(row)
        except FieldError as error:
            record = row.get("id", row.get(key))
            self.rejected.append((table, f"{table} {record}", str(error)))
            return None
        self.put(table, (made[key],), made)
        return made


class CrmReader(Protocol):
    """Reads one account."""

    def read(self, reading: Reading, known: Known | None = None) -> None:
        """Read what changed since `reading.since`, and set `reading.until`.

        Args:
            reading: takes the rows.
            known: what was loaded before; after a reading of everything it is put right, and what
                counts as removed may be looked for at any time.

        Raises:
            ApiError: the account cannot be read.
        """

    def check(self) -> list[str]:
        """Return what this account holds back.

        Raises:
            ApiError: the account cannot be read.
        """


@dataclass(frozen=True)
class Account:
    """Where an account is, and what opens it.

    Attributes:
        secret: value of a secret by its short name, null where the environment has none.
        variable: environment variable of a secret.
        tokens: file for tokens that renew themselves.
    """

    name: str
    url: str
    secret: Callable[[str], str | None]
    variable: Callable[[str], str]
    tokens: Path


@dataclass(frozen=True)
class CrmKind:
    """One vendor.

    Attributes:
        tables: raw tables by name; the first columns are `row_key` and `source_name`.
        removable: tables whose records can vanish, with the name that `removals` calls them by and
            the column of their id.
        credentials: what opens an account; raises AccessError where the environment lacks it.
        reader: of an opened account, given its API and what hides people; that of a vendor with
            chats is told `with_chats` besides.
        base_url: address of the API of an account; null: the account's own.
        requests_per_second: what the vendor allows, with a little to spare.
        burst: requests that the vendor lets pass at once before that.
        api: how the vendor is talked to.
        paces: the same for requests that the vendor counts apart, by the ending of their path.
        pending: query of what a reader has to read again though it did not change.
        told_pace: the same from the headers of an answer, if the vendor tells it there.
    """

    tables: Mapping[str, pa.Schema]
    removable: Mapping[str, tuple[str, str]]
    credentials: Callable[[Account], Credentials]
    reader: Callable[..., CrmReader]
    requests_per_second: float
    burst: int = 1
    api: Callable[..., JsonApi] = JsonApi
    paces: Mapping[str, float] = field(default_factory=dict)
    told_pace: Callable[[Mapping[str, str]], float | None] | None = None
    pending: str | None = None
    base_url: Callable[[Account], str] = field(default=lambda account: account.url)


ROW_HEAD: Final = (
    pa.field("row_key", pa.string(), nullable=False),
    pa.field("source_name", pa.string(), nullable=False),
)


def crm_schema(*fields: pa.Field) -> pa.Schema:
    """Return the schema of a raw table of a CRM."""
    return pa.schema([*ROW_HEAD, *fields])
