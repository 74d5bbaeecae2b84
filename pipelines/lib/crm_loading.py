"""Reading CRMs through their APIs: what a load brings, and where the next one goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import duckdb
import pyarrow as pa
import requests

from pipelines.lib.loading import load, load_tables
from pipelines.lib.raw_tables import CRM_TABLES, load_vault, pseudonymizer
from pipelines.settings import CrmConfig, Settings
from pipelines.sources._common.api import (
    AccessError,
    Credentials,
    JsonApi,
    LongLivedToken,
    UnavailableError,
)
from pipelines.sources._common.contracts import REJECTED_ROWS, TIMESTAMP, stable_hash
from pipelines.sources._common.landing import Landing, landed_resources
from pipelines.sources._common.tokens import RotatingTokens, TokenPair
from pipelines.sources.amocrm.contract import KEYS
from pipelines.sources.amocrm.reader import AmoCrmReader, Reading

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
_OAUTH: Final = ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN", "REDIRECT_URI")
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


def open_api(settings: Settings, crm: CrmConfig, **options: Any) -> JsonApi:
    """Return the API of an account.

    Raises:
        AccessError: the environment has no credentials of it.
    """
    credentials = credentials_of(settings, crm)
    return JsonApi(crm.name, crm.url, credentials, per_second=crm.requests_per_second, **options)


def check_crm(
    settings: Settings, crm: CrmConfig, environ: Mapping[str, str] | None = None
) -> list[str]:
    """Ask for the account and the users; returns what the account holds back, none if nothing.

    Raises:
        ApiError: the account cannot be read.
    """
    credentials = credentials_of(settings, crm, environ)
    api = JsonApi(
        crm.name, crm.url, credentials, per_second=crm.requests_per_second, attempts=2,
        timeout=_IMPATIENT,
    )  # fmt: skip
    return AmoCrmReader(api, pseudonymizer(settings)).check()


def credentials_of(
    settings: Settings, crm: CrmConfig, environ: Mapping[str, str] | None = None
) -> Credentials:
    """Return a long-lived token, or OAuth tokens that renew themselves.

    Raises:
        AccessError: the environment has neither.
    """
    token = crm.secret("TOKEN", environ)
    if token:
        return LongLivedToken(token)
    given = {name: crm.secret(name, environ) for name in _OAUTH}
    path = settings.tokens / f"{crm.name}.json"
    needed = [name for name in _OAUTH if name != "REFRESH_TOKEN" or not path.exists()]
    missing = [crm.variable(name) for name in needed if not given[name]]
    if missing:
        raise AccessError(
            crm.name,
            "there are no credentials",
            f"Put a long-lived token of the integration (its page, tab of keys) into "
            f"{crm.variable('TOKEN')}, or OAuth's four values into "
            f"{', '.join(crm.variable(name) for name in _OAUTH)}",
        )
    return RotatingTokens(crm.name, path, given["REFRESH_TOKEN"], _exchange(crm, given))


def _exchange(crm: CrmConfig, given: dict[str, str | None]) -> Callable[[str], TokenPair]:
    def buy(refresh_token: str) -> TokenPair:
        body = {
            "client_id": given["CLIENT_ID"], "client_secret": given["CLIENT_SECRET"],
            "redirect_uri": given["REDIRECT_URI"], "grant_type": "refresh_token",
            "refresh_token": refresh_token,
        }  # fmt: skip
        try:
            # Asked once: a token that was sent is spent, whatever became of the answer.
            response = requests.post(
                f"{crm.url.rstrip('/')}/oauth2/access_token", json=body, timeout=60,
                allow_redirects=False,
            )  # fmt: skip
        except requests.RequestException as error:
            raise UnavailableError(
                crm.name, f"tokens cannot be renewed ({type(error).__name__})", "Start again later"
            ) from None
        if response.status_code >= 500 or response.status_code == 429:
            raise UnavailableError(
                crm.name, f"tokens cannot be renewed ({response.status_code})", "Start again later"
            )
        if response.status_code != 200:
            raise AccessError(
                crm.name,
                f"the refresh token is not accepted ({response.status_code})",
                f"Allow the integration once more, put the new token into "
                f"{crm.variable('REFRESH_TOKEN')} and remove tokens/{crm.name}.json from the home",
            )
        answer = response.json()
        return TokenPair(answer["access_token"], answer["refresh_token"])

    return buy


def load_crm(
    settings: Settings, crm: CrmConfig, *, everything: bool = False, **options: Any
) -> CrmReport:
    """Read an account and load what changed; a load that fails leaves nothing half-way.

    Args:
        everything: from the beginning, as if nothing had been loaded.
        options: of `JsonApi`.

    Raises:
        ApiError: the account cannot be read; nothing was loaded.
        LoadError: the warehouse cannot be written.
    """
    settings.ensure_home()
    people = pseudonymizer(settings)
    since = None if everything else _read_until(settings, crm)
    known = _known_ids(settings, crm) if since is None else None
    reading = AmoCrmReader(open_api(settings, crm, **options), people).read(since, known)
    folder = settings.home / "landing"
    shutil.rmtree(folder, ignore_errors=True)
    tables = CRM_TABLES[crm.kind]
    try:
        with Landing(folder, tables) as landing:
            _land(landing, crm, reading, tables)
        load(settings, f"raw_{crm.kind}", landed_resources(landing, tables))
        report = CrmReport(crm.name, crm.kind, dict(landing.rows), reading.notes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    load_vault(settings, people.drain())
    read = {"source_name": crm.name, "kind": crm.kind, "read_until": reading.until}
    load_tables(
        settings,
        "raw_otvet",
        {"crm_reads": pa.Table.from_pylist([read], schema=CRM_READS)},
        disposition={"crm_reads": {"disposition": "merge", "strategy": "upsert"}},
        primary_keys={"crm_reads": "source_name"},
    )
    return report


def _land(landing: Landing, crm: CrmConfig, reading: Reading, tables: dict[str, pa.Schema]) -> None:
    for table, found in reading.tables.items():
        rows = [
            {"row_key": stable_hash((crm.name, *key)), "source_name": crm.name, **row}
            for key, row in found.items()
        ]
        if rows:
            landing.write(table, pa.Table.from_pylist(rows, schema=tables[table]))
    rejected = [
        {
            "row_key": stable_hash((crm.name, table, record, reason)), "source_name": crm.name,
            "resource": table, "file_key": crm.kind, "row_reference": record, "reason": reason,
            "remedy": _LOOK_AGAIN,
        }
        for table, record, reason in dict.fromkeys(reading.rejected)
    ]  # fmt: skip
    if rejected:
        landing.write("rejected_rows", pa.Table.from_pylist(rejected, schema=REJECTED_ROWS))


def _read_until(settings: Settings, crm: CrmConfig) -> datetime | None:
    rows = _rows(
        settings, "crm_reads", "raw_otvet",
        f"select read_until from raw_otvet.crm_reads where source_name = '{crm.name}'",
    )  # fmt: skip
    return rows[0][0] if rows else None


def _known_ids(settings: Settings, crm: CrmConfig) -> dict[str, dict[int, bool]]:
    """Return which records are loaded, and whether each counts as removed."""
    schema = f"raw_{crm.kind}"
    return {
        table: {
            int(number): bool(is_removed)
            for number, is_removed in _rows(
                settings, table, schema,
                f"select {KEYS[table][0]}, coalesce(is_removed, false) from {schema}.{table}"
                f" left join {schema}.removals on entity_id = {KEYS[table][0]}"
                f" and entity_type = '{entity}' and removals.source_name = {table}.source_name"
                f" where {table}.source_name = '{crm.name}'",
            )
        }
        for entity, table in (("lead", "leads"), ("contact", "contacts"))
    }  # fmt: skip


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
