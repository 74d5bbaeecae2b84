"""What every CRM is to the loader: an account, a reader of it, and the tables that it fills."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa

from pipelines.sources._common.api import Credentials, JsonApi
from pipelines.sources._common.fields import FieldError
from pipelines.sources._common.privacy import Pseudonymizer

Row = dict[str, Any]
Known = dict[str, dict[str, bool]]
"""Per table the ids that are loaded, and whether each counts as removed."""


@dataclass
class Reading:
    """What a load read: rows by table and key, so that what is read again replaces itself."""

    until: datetime
    tables: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=dict)
    rejected: list[tuple[str, str, str]] = field(default_factory=list)  # table, record, reason
    notes: list[str] = field(default_factory=list)

    def put(self, table: str, key: tuple[Any, ...], row: Row) -> None:
        """Keep a row instead of an older one of the same record."""
        self.tables.setdefault(table, {})[key] = row

    def keep(self, table: str, key: str, row: Row, make: Callable[[Row], Row]) -> Row | None:
        """Keep what is made of a record by its column `key`, or why it cannot be used."""
        try:
            made = make(row)
        except FieldError as error:
            self.rejected.append((table, f"{table} {row.get('id')}", str(error)))
            return None
        self.put(table, (made[key],), made)
        return made


class CrmReader(Protocol):
    """Reads one account."""

    def read(self, since: datetime | None, known: Known | None = None) -> Reading:
        """Read what changed since the end of the last load; null: everything.

        Args:
            since: `Reading.until` of the last load that was kept.
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
        reader: of an opened account.
        base_url: address of the API of an account; null: the account's own.
        requests_per_second: what the vendor allows, with a little to spare.
        paces: the same for requests that the vendor counts apart, by the ending of their path.
    """

    tables: Mapping[str, pa.Schema]
    removable: Mapping[str, tuple[str, str]]
    credentials: Callable[[Account], Credentials]
    reader: Callable[[JsonApi, Pseudonymizer], CrmReader]
    requests_per_second: float
    paces: Mapping[str, float] = field(default_factory=dict)
    base_url: Callable[[Account], str] = field(default=lambda account: account.url)


ROW_HEAD: Final = (
    pa.field("row_key", pa.string(), nullable=False),
    pa.field("source_name", pa.string(), nullable=False),
)


def crm_schema(*fields: pa.Field) -> pa.Schema:
    """Return the schema of a raw table of a CRM."""
    return pa.schema([*ROW_HEAD, *fields])
