"""What arrived of an account, as the models see it, beside what happened in the world."""

from __future__ import annotations

import shutil
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.lib.crm_loading import CRM_FIELDS, crm_fields, load_crm
from pipelines.sandbox.apis.amocrm import user_id
from pipelines.sandbox.crm import Crm
from pipelines.sandbox.writers_rows import to_rows
from pipelines.settings import CrmConfig, Settings
from tests.engine import compiled_models

MODELS = (
    "stg_amocrm__stages", "stg_amocrm__leads", "stg_amocrm__events", "int_deals__amocrm",
    "int_deal_events__amocrm", "int_contact_points__amocrm",
)  # fmt: skip
IMPATIENT = {"attempts": 8, "backoff_seconds": 0.001, "timeout": (1.0, 0.5)}

Rows = list[tuple[Any, ...]]


def load(settings: Settings, crm: CrmConfig, **options: Any) -> Any:
    """Load without long waits."""
    return load_crm(settings, crm, **{**IMPATIENT, **options})


def arrived(settings: Settings, crm: CrmConfig) -> dict[str, Rows]:
    """Return every row of the models of amoCRM, sorted."""
    configured = settings.model_copy(
        update={"project": settings.project.model_copy(update={"crm": (crm,)})}
    )
    copy = settings.home / "copy" / "warehouse.duckdb"
    copy.parent.mkdir(exist_ok=True)
    shutil.copy(settings.warehouse, copy)
    found = {}
    with duckdb.connect(str(copy)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for schema in ("staging", "intermediate"):
            connection.execute(f"create schema {schema}")
        fields = pa.Table.from_pylist(crm_fields(configured), schema=CRM_FIELDS)
        connection.register("fields", fields)
        connection.execute("create table raw_otvet.crm_fields as from fields")
        by_name = {name.rpartition(".")[2]: sql for name, _, sql in compiled_models("{}")}
        for model in MODELS:
            schema = "staging" if model.startswith("stg") else "intermediate"
            connection.execute(f"create view {schema}.{model} as {by_name[model]}")
            if schema == "intermediate":
                found[model] = connection.execute(
                    f"select * from {schema}.{model} order by all"
                ).fetchall()
    copy.unlink()
    return found


def columns(rows: Rows, *places: int) -> Rows:
    return sorted(tuple(row[place] for place in places) for row in rows)


def assert_true(found: dict[str, Rows], crm: Crm) -> None:
    """Compare with the world: every deal, the whole history, every way to reach people."""
    tables = crm.tables()
    agents = crm.agents
    deals = sorted(
        (
            str(row["deal_id"]), row["pipeline"], row["stage"], row["status"], row["lost_reason"],
            row["amount"], row["currency_code"], row["created_at"], row["closed_at"],
            row["first_contact_seconds"], str(row["contact_id"]), str(user_id(row["agent"])),
            agents[row["agent"]].name, row["lead_source"], row["campaign"], row["product"],
        )
        for row in to_rows(tables["deals"])
    )  # fmt: skip
    assert columns(
        found["int_deals__amocrm"],
        1, 4, 6, 8, 9, 10, 12, 13, 15, 16, 17, 20, 21, 23, 24, 25,
    ) == [tuple(_plain(value) for value in row) for row in deals]  # fmt: skip
    history = [
        (str(row["deal_id"]), row["event_type"], row["from_stage"], row["to_stage"],
         row["occurred_at"])
        for row in to_rows(tables["deal_events"])
    ]  # fmt: skip
    events = [
        (row[2], row[4], row[6], row[8], row[9])
        for row in found["int_deal_events__amocrm"]
        if row[4] in ("created", "stage_changed")
    ]
    assert sorted(events, key=str) == sorted(
        (tuple(_plain(value) for value in row) for row in history), key=str
    )
    points = {
        (str(contact.contact_id), kind)
        for contact in crm.contacts.values()
        for kind, value in (
            ("phone", contact.phone), ("email", contact.email), ("messenger", contact.telegram_id),
        )
        if value
    }  # fmt: skip
    assert {(row[1], row[3]) for row in found["int_contact_points__amocrm"]} == points


def _plain(value: Any) -> Any:
    """Instants with the zone object of the database's."""
    return datetime.fromisoformat(value.isoformat()) if isinstance(value, datetime) else value
