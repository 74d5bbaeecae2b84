"""The raw tables of each kind of source, the key of this home, and the vault."""

from __future__ import annotations

from typing import Literal

import duckdb
import pyarrow as pa

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


def pseudonymizer(settings: Settings) -> Pseudonymizer:
    """Return the pseudonymizer of this home."""
    production = settings.environment.value == "production"
    return Pseudonymizer(load_key(settings.home, production=production))


def prepare_raw_tables(settings: Settings, *kinds: str) -> None:
    """Create raw tables of sources never loaded, and columns that came later: models name them."""
    existing = _existing_columns(settings)
    for kind, entities in DATASETS.items():
        if kinds and kind not in kinds:
            continue
        missing = [
            entity
            for entity in entities
            if not existing.get((f"raw_{kind}", entity), set()).issuperset(ENTITIES[entity].names)
        ]
        if missing:
            load(settings, f"raw_{kind}", landed_resources(Landing(settings.home), missing))


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
