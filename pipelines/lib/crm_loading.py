"""Reading CRMs through their APIs: what a load brings, and where the next one goes on."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, Final

import duckdb
import pyarrow as pa

from pipelines.lib.crm_kinds import CRM_KINDS
from pipelines.lib.loading import load, load_tables
from pipelines.lib.raw_tables import load_vault, prepare_raw_tables, pseudonymizer
from pipelines.settings import CRMS_WITH_CHATS, CrmConfig, Settings
from pipelines.sources._common.contracts import TIMESTAMP, stable_hash
from pipelines.sources._common.crm import Account, CrmReader, Known, Reading
from pipelines.sources._common.landing import Landing, landed_resources
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources._common.spool import Spool

# Until when each account was read; written after the rows, so a load that was killed comes again.
CRM_READS: Final = pa.schema(
    [
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("read_until", TIMESTAMP, nullable=False),
    ]
)
# Which custom field of which account holds what.
CRM_FIELDS: Final = pa.schema(
    [
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("role", pa.string(), nullable=False),
        pa.field("custom_field", pa.string(), nullable=False),
    ]
)
_IMPATIENT: Final = (5.0, 15.0)  # seconds to connect and to answer, for a person who waits
_LOOK_AGAIN: Final = "Look at the record in the CRM; it is read again when it changes"


@dataclass
class CrmReport:
    """What a load brought; shaped like the report of an import."""

    source_name: str
    kind: str
    rows: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def crm_fields(settings: Settings) -> list[dict[str, str]]:
    """Return the configured custom fields as rows of `CRM_FIELDS`."""
    return [
        {"source_name": crm.name, "role": role, "custom_field": name}
        for crm in settings.project.crm
        for role, name in crm.fields.model_dump(exclude_none=True).items()
    ]


def open_reader(
    settings: Settings,
    crm: CrmConfig,
    people: Pseudonymizer,
    environ: Mapping[str, str] | None = None,
    **options: Any,
) -> CrmReader:
    """Return the reader of an account.

    Args:
        options: of `JsonApi`.

    Raises:
        AccessError: the environment has no credentials of it.
    """
    kind = CRM_KINDS[crm.kind]
    account = account_of(settings, crm, environ)
    api = kind.api(
        crm.name, kind.base_url(account), kind.credentials(account),
        per_second=crm.requests_per_second or kind.requests_per_second,
        told_pace=None if crm.requests_per_second else kind.told_pace,
        **{"paces": kind.paces, "burst": kind.burst, **options},
    )  # fmt: skip
    chosen = {"with_chats": crm.chats is not False} if crm.kind in CRMS_WITH_CHATS else {}
    return kind.reader(api, people, **chosen)


def account_of(
    settings: Settings, crm: CrmConfig, environ: Mapping[str, str] | None = None
) -> Account:
    """Return where an account is, and what opens it."""
    return Account(
        crm.name, crm.url, lambda name: crm.secret(name, environ), crm.variable,
        settings.tokens / f"{crm.name}.json",
    )  # fmt: skip


def check_crm(
    settings: Settings, crm: CrmConfig, environ: Mapping[str, str] | None = None
) -> list[str]:
    """Ask for the account and the users; returns what the account holds back, none if nothing.

    Raises:
        ApiError: the account cannot be read.
    """
    return open_reader(
        settings, crm, pseudonymizer(settings), environ, attempts=2, timeout=_IMPATIENT
    ).check()


def load_crm(
    settings: Settings,
    crm: CrmConfig,
    *,
    everything: bool = False,
    again_from: date | None = None,
    **options: Any,
) -> CrmReport:
    """Read an account and load what changed; a load that fails leaves nothing half-way.

    Args:
        everything: from the beginning, as if nothing had been loaded.
        again_from: what changed from this day on (UTC), though it was loaded before.
        options: of `JsonApi`.

    Raises:
        ApiError: the account cannot be read; nothing was loaded.
        LoadError: the warehouse cannot be written.
    """
    settings.ensure_home()
    people = pseudonymizer(settings)
    since = None if everything else _read_until(settings, crm)
    if since is not None and again_from is not None:
        since = min(since, datetime.combine(again_from, time(), UTC))
    known = _known_ids(settings, crm)
    reader = open_reader(settings, crm, people, **options)
    tables = dict(CRM_KINDS[crm.kind].tables)
    spool = Spool(
        settings.home / "reads" / crm.name, tables, crm.name, people,
        stable_hash((crm.kind, crm.url, since)),
    )  # fmt: skip
    reading = Reading(spool, since)
    if since is not None:
        reading.refused = _refused_ids(settings, crm, known)
        if crm.chats is not False:
            reading.pending = _pending(settings, crm)
    try:
        reader.read(reading, known)
    except BaseException:
        # A load from the beginning may be long: the next one goes on from here.
        spool.store() if since is None else spool.drop()
        raise
    report = CrmReport(crm.name, crm.kind, _load_rows(settings, crm, reading, spool), reading.notes)
    load_vault(settings, spool.originals())
    read = {"source_name": crm.name, "kind": crm.kind, "read_until": reading.until}
    load_tables(
        settings,
        "raw_otvet",
        {"crm_reads": pa.Table.from_pylist([read], schema=CRM_READS)},
        disposition={"crm_reads": {"disposition": "merge", "strategy": "upsert"}},
        primary_keys={"crm_reads": "source_name"},
    )
    spool.drop()
    return report


def _load_rows(
    settings: Settings, crm: CrmConfig, reading: Reading, spool: Spool
) -> dict[str, int]:
    """Load what was read into the raw tables; returns their numbers of rows."""
    tables = dict(CRM_KINDS[crm.kind].tables)
    for table, record, reason in dict.fromkeys(map(tuple, reading.rejected)):
        row = {
            "resource": table, "file_key": crm.kind, "row_reference": record, "reason": reason,
            "remedy": _LOOK_AGAIN,
        }  # fmt: skip
        spool.put("rejected_rows", (table, record, reason), row)
    folder = settings.home / "landing"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with Landing(folder, tables) as landing:
            found = {table: spool.unite(table, landing.path(table)) for table in tables}
            landing.rows.update({table: rows for table, rows in found.items() if rows})
        there = _tables_of(settings, f"raw_{crm.kind}")
        # A table without rows costs as much as one with them, so it is loaded only to be there.
        wanted = [table for table in tables if landing.rows.get(table) or table not in there]
        load(settings, f"raw_{crm.kind}", landed_resources(landing, wanted))
        return dict(landing.rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tables_of(settings: Settings, schema: str) -> set[str]:
    if not settings.warehouse.exists():
        return set()
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        found = connection.execute(
            "select table_name from duckdb_tables() where schema_name = ?", [schema]
        )
        return {table for (table,) in found.fetchall()}


def _read_until(settings: Settings, crm: CrmConfig) -> datetime | None:
    rows = _rows(
        settings, "crm_reads", "raw_otvet",
        f"select read_until from raw_otvet.crm_reads where source_name = '{crm.name}'",
    )  # fmt: skip
    return rows[0][0] if rows else None


def _pending(settings: Settings, crm: CrmConfig) -> list[dict[str, Any]]:
    """Return what an earlier load left to be read again."""
    query = CRM_KINDS[crm.kind].pending
    if query is None:
        return []
    # What an earlier version loaded may have fewer tables.
    prepare_raw_tables(settings, crm.kind)
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = connection.execute(query, {"source_name": crm.name})
        pending: list[dict[str, Any]] = found.to_arrow_table().to_pylist()
        return pending


def _known_ids(settings: Settings, crm: CrmConfig) -> Known:
    """Return which records are loaded or known to be gone, and whether each counts as removed."""
    schema = f"raw_{crm.kind}"
    return {
        table: {
            str(number): bool(is_removed)
            for number, is_removed in _rows(
                settings, table, schema,
                f"select coalesce({column}, entity_id), coalesce(is_removed, false)"
                f" from (from {schema}.{table} where source_name = '{crm.name}') as records"
                f" full join (from {schema}.removals where source_name = '{crm.name}'"
                f" and entity_type = '{entity}') as removals on entity_id = {column}",
            )
        }
        for table, (entity, column) in CRM_KINDS[crm.kind].removable.items()
    }  # fmt: skip


def _refused_ids(settings: Settings, crm: CrmConfig, known: Known) -> dict[str, set[int]]:
    """Return by table which records earlier loads could not use, and none has since."""
    schema = f"raw_{crm.kind}"
    rows = _rows(
        settings, "rejected_rows", schema,
        f"select distinct resource, row_reference from {schema}.rejected_rows"
        f" where source_name = '{crm.name}'",
    )  # fmt: skip
    refused: dict[str, set[int]] = {}
    for table, reference in rows:
        number = reference.removeprefix(f"{table} ")
        if table in known and number.isdigit() and number not in known[table]:
            refused.setdefault(table, set()).add(int(number))
    return refused


def _rows(settings: Settings, table: str, schema: str, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query, or none where its table is not there yet."""
    if not settings.warehouse.exists():
        return []
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        known = connection.execute(
            "select 1 from duckdb_tables() where schema_name = ? and table_name = ?",
            [schema, table],
        ).fetchone()
        return connection.execute(query).fetchall() if known else []
