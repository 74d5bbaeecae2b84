"""What arrived of an account, as the models see it, beside what happened in the world."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import duckdb
import pyarrow as pa

from pipelines.lib.crm_kinds import CRM_KINDS
from pipelines.lib.crm_loading import CRM_FIELDS, CrmReport, crm_fields, load_crm
from pipelines.sandbox.apis.serving import Emulator
from pipelines.sandbox.crm import Crm
from pipelines.sandbox.writers_rows import to_rows
from pipelines.settings import CrmConfig, Settings
from tests.engine import compiled_models
from tests.sources.crm.vendors import Vendor

DAY: Final = 86_400
# An emulator on a busy machine may need seconds for an answer; where it is silent on purpose, it is
# so for longer than a load of these tests waits.
BRISK: Final = {"attempts": 8, "backoff_seconds": 0.001, "timeout": (5.0, 30.0), "paces": {}}
IMPATIENT: Final = {"timeout": (5.0, 1.0)}
SILENT_SECONDS: Final = 1.4

Rows = list[dict[str, Any]]
Served = Callable[[Emulator], str]
NewHome = Callable[[], Settings]


def load(settings: Settings, account: CrmConfig, **options: Any) -> CrmReport:
    """Load without long waits."""
    return load_crm(settings, account, **{**BRISK, **options})


def arrived(settings: Settings, account: CrmConfig, vendor: Vendor) -> dict[str, Rows]:
    """Return every row of the models of a vendor, sorted; keys have no name of a vendor."""
    configured = settings.model_copy(
        update={"project": settings.project.model_copy(update={"crm": (account,)})}
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
        by_name = {name.rpartition(".")[2]: sql for name, _, sql in compiled_models()}
        for model in vendor.models:
            schema = "staging" if model.startswith("stg") else "intermediate"
            connection.execute(f"create view {schema}.{model} as {by_name[model]}")
            if schema == "intermediate":
                found[model.partition("__")[0]] = connection.execute(
                    f"select * from {schema}.{model} order by all"
                ).to_arrow_table().to_pylist()  # fmt: skip
    copy.unlink()
    return found


def damage_deals(settings: Settings, vendor: Vendor, crm: Crm) -> tuple[date, list[str]]:
    """Give deals that changed lately a wrong date; returns since when, and their ids."""
    first_day = datetime.fromtimestamp(crm.now, UTC).date() - timedelta(days=6)
    begin = datetime.combine(first_day, time(), UTC).timestamp()
    wrong = [str(deal.deal_id) for deal in crm.deals.values() if deal.updated_at >= begin]
    table = f"raw_{vendor.kind}.{vendor.deals}"
    column = CRM_KINDS[vendor.kind].removable[vendor.deals][1]
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            f"update {table} set created_at = 'epoch' where {column}::varchar in {tuple(wrong)}"
        )
    return first_day, wrong


def assert_true(found: dict[str, Rows], crm: Crm, vendor: Vendor) -> None:
    """Compare with the world: every deal, the whole history, every way to reach people."""
    tables = crm.tables()
    deals = {str(row["deal_id"]): _deal(row, crm, vendor) for row in to_rows(tables["deals"])}
    assert {
        row["deal_id"]: {name: row[name] for name in deals[row["deal_id"]]}
        for row in found["int_deals"]
        if row["deal_id"] in deals
    } == deals
    assert len(found["int_deals"]) == len(deals)
    history = [
        (str(row["deal_id"]), row["event_type"], row["from_stage"], row["to_stage"],
         row["occurred_at"])
        for row in to_rows(tables["deal_events"])
    ]  # fmt: skip
    events = [
        (row["deal_id"], row["event_type"], row["from_stage"], row["to_stage"], row["occurred_at"])
        for row in found["int_deal_events"]
        if row["event_type"] in ("created", "stage_changed")
    ]
    assert sorted(events, key=str) == sorted(history, key=str)
    points = {
        (str(contact.contact_id), kind)
        for contact in crm.contacts.values()
        for kind, value in (
            ("phone", contact.phone), ("email", contact.email), ("messenger", contact.telegram_id),
        )
        if value
    }  # fmt: skip
    assert {(row["contact_id"], row["point_type"]) for row in found["int_contact_points"]} == points


def _deal(row: dict[str, Any], crm: Crm, vendor: Vendor) -> dict[str, Any]:
    copied = (
        "pipeline", "stage", "status", "lost_reason", "amount", "currency_code", "created_at",
        "closed_at", "first_contact_seconds", "lead_source", "campaign", "product",
    )  # fmt: skip
    told = {name: row[name] for name in copied} | {
        "contact_id": str(row["contact_id"]),
        "owner_id": vendor.owner_id(row["agent"]),
        "owner_name": crm.agents[row["agent"]].name,
    }
    return {name: value for name, value in told.items() if name not in vendor.not_told}


def assert_loads_agree(
    days: int, vendor: Vendor, emulator: Emulator, url: str, new_home: NewHome
) -> None:
    """A load every so many days for thirty, one load at the end, and a reading anew: all alike."""
    crm, account = emulator.crm, vendor.config(url)
    often, at_once = new_home(), new_home()
    begin = crm.now
    load(often, account)
    assert_true(arrived(often, account, vendor), crm, vendor)

    for day in range(days, 31, days):
        crm.advance(begin + day * DAY)
        report = load(often, account)
        if day in (12, 15):
            # No more is read than what changed, not the whole account.
            assert 0 < report.rows[vendor.deals] < len(crm.deals) / 5
    load(at_once, account)

    kinds = {change.kind for change in crm.happened if change.at > begin}
    assert kinds >= {
        "deal_deleted", "deal_restored", "deal_merged", "contact_merged", "contact_deleted",
        "stage_changed",
    }  # fmt: skip
    once = arrived(at_once, account, vendor)
    assert_true(once, crm, vendor)
    assert arrived(often, account, vendor) == once
    load(often, account, everything=True)
    assert arrived(often, account, vendor) == once
