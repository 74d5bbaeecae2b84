"""The raw tables of each kind of source, the key of this home, and the vault."""

from __future__ import annotations

import os
from typing import Literal

import duckdb
import pyarrow as pa

from pipelines.lib.crm_kinds import CRM_KINDS
from pipelines.lib.loading import load, load_tables
from pipelines.settings import Settings
from pipelines.sources._common.contracts import ENTITIES
from pipelines.sources._common.landing import Landing, landed_resources
from pipelines.sources._common.privacy import (
    KEY_FILE,
    KEY_VARIABLE,
    Pseudonymizer,
    PseudonymKeyError,
    load_key,
)

Kind = Literal["telegram_export", "whatsapp_export", "tabular"]

CHAT_ENTITIES = ("messages", "agents", "contacts", "rejected_rows")
DATASETS: dict[str, tuple[str, ...]] = {
    "telegram_export": CHAT_ENTITIES,
    "whatsapp_export": CHAT_ENTITIES,
    "tabular": tuple(ENTITIES),
}

# Sources with raw tables of their own, which their API shapes.
CRM_TABLES: dict[str, dict[str, pa.Schema]] = {
    name: dict(kind.tables) for name, kind in CRM_KINDS.items()
}
# Kinds that bring messages, as names of their raw schemas without `raw_`.
CHAT_KINDS: tuple[str, ...] = (
    *DATASETS, *(name for name, tables in CRM_TABLES.items() if "messages" in tables)
)  # fmt: skip


def pseudonymizer(settings: Settings) -> Pseudonymizer:
    """Return the pseudonymizer of this home.

    Raises:
        PseudonymKeyError: there is no key to hide people with, or it is not the one of the data.
    """
    production = settings.environment.value == "production"
    is_made_here = not production and not os.environ.get(KEY_VARIABLE)
    if is_made_here and not (settings.home / KEY_FILE).exists() and _hides_people(settings):
        raise PseudonymKeyError(key_is_gone(settings))
    return Pseudonymizer(load_key(settings.home, production=production))


def key_is_gone(settings: Settings) -> str:
    """Say what to do where data were loaded with a key that is not there."""
    return (
        f"{settings.home / KEY_FILE} is gone, but the warehouse has data: put the key back from "
        f"the backup, or set {KEY_VARIABLE} to its content; with another key every customer "
        "becomes a new person"
    )


def _hides_people(settings: Settings) -> bool:
    if not settings.warehouse.exists():
        return False
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        try:
            return bool(connection.execute("select 1 from vault.identifiers limit 1").fetchall())
        except duckdb.CatalogException:
            return False


def prepare_raw_tables(settings: Settings, *kinds: str) -> None:
    """Create raw tables of sources never loaded, and columns that came later: models name them."""
    existing = _existing_columns(settings)
    for kind, tables in _schemas().items():
        if kinds and kind not in kinds:
            continue
        missing = [
            table
            for table, schema in tables.items()
            if not existing.get((f"raw_{kind}", table), set()).issuperset(schema.names)
        ]
        if missing:
            landing = Landing(settings.home, CRM_TABLES.get(kind))
            load(settings, f"raw_{kind}", landed_resources(landing, missing))


def _schemas() -> dict[str, dict[str, pa.Schema]]:
    chats = {
        kind: {entity: ENTITIES[entity] for entity in entities}
        for kind, entities in DATASETS.items()
    }
    return chats | CRM_TABLES


def _existing_columns(settings: Settings) -> dict[tuple[str, str], set[str]]:
    if not settings.warehouse.exists():
        return {}
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select schema_name, table_name, list(column_name) from duckdb_columns()"
            " where schema_name like 'raw_%' group by schema_name, table_name"
        ).fetchall()
    return {(schema, table): set(columns) for schema, table, columns in rows}


def load_vault(settings: Settings, originals: pa.Table) -> None:
    """Keep the originals behind the pseudonyms, in the dataset that is never published.

    Args:
        originals: what `Pseudonymizer.drain` returned.
    """
    load_tables(
        settings,
        "vault",
        {"identifiers": originals},
        disposition={"identifiers": {"disposition": "merge", "strategy": "insert-only"}},
        primary_keys={"identifiers": "pseudonym"},
    )
