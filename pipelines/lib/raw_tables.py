"""The raw tables of each kind of source, the key of this home, and the vault."""

from __future__ import annotations

from typing import Literal

import duckdb
import pyarrow as pa

from pipelines.lib.crm_kinds import CRM_KINDS
from pipelines.lib.loading import load, load_tables
from pipelines.settings import Settings
from pipelines.sources._common.contracts import ENTITIES
from pipelines.sources._common.landing import Landing, landed_resources
from pipelines.sources._common.privacy import Pseudonymizer, load_key

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
    """Return the pseudonymizer of this home."""
    production = settings.environment.value == "production"
    return Pseudonymizer(load_key(settings.home, production=production))


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
